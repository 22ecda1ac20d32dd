"""Which texts mail can be sent to."""

import pytest

from casbd.documents.mail_addresses import is_mail_address


@pytest.mark.parametrize("text", ["a@b", "anna.berg+x@contoso.com", "o'brien@sub.contoso.co.uk", "x" * 64 + "@contoso.com"])
def test_an_address(text):
    assert is_mail_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a",
            "@contoso.com",
            "a@",
            "a@@b.com",
            ".a@b.com",
            "a.@b.com",
            "a..b@b.com",
            "a b@c.com",
            "a@b.com\r\nBcc: c@d.com",
            "a@b.com\n",
        ),
        *("Anna <a@b.com>", "<a@b.com>", "a@b.com,c@d.com", '"a b"@c.com', "a@[127.0.0.1]", "a@-b.com", "a@b..com", "a@b.com.", "ä@b.com"),
        *("a@bücher.de", "x" * 65 + "@contoso.com", "a@" + ".".join(["b" * 60] * 5), "a@b.com\0", "SHAREPOINT\\system", "a@b;c"),
    ],
)
def test_no_address(text):
    assert not is_mail_address(text)
