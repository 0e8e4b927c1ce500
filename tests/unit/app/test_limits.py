import pytest

from exbert_hub.app.config.limits import RateLimit
from exbert_hub.errors import RateLimitError


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_caller_waits_for_the_oldest_call_to_be_a_minute_old():
    clock = Clock()
    limit = RateLimit(2, clock)
    limit.check("a")
    clock.now += 20
    limit.check("a")
    with pytest.raises(RateLimitError, match="2 a minute are answered. Wait 40 s"):
        limit.check("a")
    limit.check("b")
    clock.now += 40
    limit.check("a")  # what was refused did not count
    with pytest.raises(RateLimitError, match="Wait 20 s"):
        limit.check("a")


def test_many_addresses_do_not_help():
    clock = Clock()
    limit = RateLimit(2, clock)
    for caller in range(20):
        limit.check(str(caller))
    with pytest.raises(RateLimitError, match="20 a minute"):
        limit.check("20")
    clock.now += 60
    limit.check("20")
    assert len(limit._calls) == 1  # those who are gone are forgotten


def test_no_limit():
    limit = RateLimit(0, Clock())
    for _ in range(1000):
        limit.check("a")
    assert not limit._calls
