"""What `casbd ips tag` takes for a network."""

import pytest

from casbd.config.range_edit import read_network


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("::/0", "::/0"),
    ],
)
def test_networks(text, network):
    assert str(read_network(text)) == network


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10.0.0.1/8", "the network is 10.0.0.0/8"),
        ("10.0.0.0/255.0.0.0", "write it as 10.0.0.0/8"),
        ("10.0.0.0/33", "neither"),
        ("10.0.0", "neither"),
        ("", "neither"),
        ("x", "neither"),
        ("fe80::1%eth0", "no network"),
        ("010.0.0.0/8", "neither"),
        ("10.0.0.0/", "neither"),
        ("10.0.0.0/8/8", "neither"),
        ("10.0.0.0/\u0668", "neither"),
    ],
)
def test_no_networks(text, reason):
    with pytest.raises(ValueError, match=reason):
        read_network(text)
