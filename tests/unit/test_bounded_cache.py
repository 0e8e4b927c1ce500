"""One memory for everything that is kept: bounded by bytes and by number, for any number of threads."""

from concurrent.futures import ThreadPoolExecutor

from exbert_hub.bounded_cache import BoundedCache


def test_the_least_recently_used_go_first():
    cache = BoundedCache(10)
    cache.put("a", "A", 4)
    cache.put("b", "B", 4)
    assert cache.get("a") == "A"
    cache.put("c", "C", 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C") and cache.bytes == 8


def test_a_value_larger_than_the_limit_is_kept_alone_until_the_next():
    cache = BoundedCache(10)
    cache.put("a", "A", 4)
    cache.put("large", "L", 99)
    assert cache.keys() == ["large"] and cache.bytes == 99
    cache.put("a", "A", 4)
    assert cache.keys() == ["a"] and cache.bytes == 4


def test_a_key_put_again_counts_once():
    cache = BoundedCache(10)
    for size in (4, 8, 3):
        cache.put("a", size, size)
    cache.put("b", "B", 7)
    assert cache.get("a") == 3 and cache.bytes == 10
    cache.clear()
    assert not len(cache) and cache.bytes == 0


def test_a_number_of_values_is_a_bound_too():
    cache = BoundedCache(100, most=2)
    for name in "abac":
        cache.put(name, name, 1)
    assert sorted(cache.keys()) == ["a", "c"]


def test_threads_together_stay_within_the_bounds():
    cache = BoundedCache(50, most=20)

    def work(seed):
        for number in range(2000):
            key = (number * seed) % 37
            if cache.get(key) is None:
                cache.put(key, key, key % 7)
            assert cache.bytes <= 50

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(1, 9)))
    assert len(cache) <= 20 and cache.bytes == sum(key % 7 for key in cache.keys())
