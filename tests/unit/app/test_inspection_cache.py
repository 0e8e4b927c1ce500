"""What is kept of what was computed, and what makes room."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from exbert_hub import demo
from exbert_hub.app.service.inspection_cache import InspectionCache
from exbert_hub.errors import SelectionError


@pytest.fixture
def asked():
    return []


@pytest.fixture
def seen(inspector):
    return inspector.inspect(demo.SENTENCE)


def recall(seen, asked, **limits):
    return InspectionCache(lambda question: asked.append(question) or seen, **limits)


def test_a_question_is_answered_once(seen, asked):
    memory = recall(seen, asked)
    assert memory("a") is memory("a") is seen
    assert asked == ["a"]


def test_the_oldest_make_room_when_there_are_too_many(seen, asked):
    memory = recall(seen, asked, most=2)
    for question in "abacab":
        memory(question)
    assert asked == ["a", "b", "c", "b"]


def test_long_texts_make_room_by_their_size(seen, asked):
    size = sum(array.nbytes for array in (seen.attention, seen.hidden, seen.contexts))
    memory = recall(seen, asked, size=2 * size)
    for question in "abcba":
        memory(question)
    assert asked == ["a", "b", "c", "a"]


def test_the_latest_is_kept_whatever_its_size(seen, asked):
    memory = recall(seen, asked, size=1)
    for question in "aabb":
        memory(question)
    assert asked == ["a", "b"]


def test_a_mistake_is_not_kept():
    def refuse(question):
        raise SelectionError("no")

    memory = InspectionCache(refuse)
    for _ in range(2):
        with pytest.raises(SelectionError):
            memory("a")


def test_who_asks_the_same_at_the_same_time_waits_for_one_answer(seen):
    begun, go_on, asked = threading.Event(), threading.Event(), []

    def answer(question):
        asked.append(question)
        begun.set()
        assert go_on.wait(60)
        return seen

    memory = InspectionCache(answer)
    with ThreadPoolExecutor(8) as visitors:
        first = visitors.submit(memory, "a")
        assert begun.wait(60)
        others = [visitors.submit(memory, "a") for _ in range(7)]
        go_on.set()
        assert all(one.result(60) is seen for one in (first, *others))
    assert asked == ["a"]


def test_who_waits_for_a_mistake_is_told_too(seen):
    begun, go_on = threading.Event(), threading.Event()

    def refuse(question):
        begun.set()
        assert go_on.wait(60)
        raise SelectionError("no")

    memory = InspectionCache(refuse)
    with ThreadPoolExecutor(2) as visitors:
        first = visitors.submit(memory, "a")
        assert begun.wait(60)
        second = visitors.submit(memory, "a")
        go_on.set()
        for one in (first, second):
            with pytest.raises(SelectionError):
                one.result(60)
