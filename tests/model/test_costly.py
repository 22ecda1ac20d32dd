from casbd.model.costly import Costly


def test_what_it_took():
    cost = Costly("slow", 0.1744, 1, 100_282, 0, "/spool/a.json, byte 17")
    assert cost.took() == "0.174 s of processor time for 1 activity of 100,282 characters (/spool/a.json, byte 17)"
    assert " for 2 activities of " in Costly("slow", 1, 2, 3, 0, "").took()
