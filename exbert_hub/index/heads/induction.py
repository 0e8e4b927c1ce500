"""How much heads continue what was said before: on random sequences that are repeated once, so that nothing but the
repetition can tell what comes next (Olsson et al. 2022, "In-context Learning and Induction Heads")."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from exbert_hub.analysis.head_pattern import induction, repeated
from exbert_hub.errors import UnsupportedError

if TYPE_CHECKING:
    from exbert_hub.model import Inspector

SEQUENCES, LENGTH = 8, 32  # sequences, and pieces of one before it is repeated
_SEED = 0

_kept: WeakKeyDictionary[Inspector, dict[int, np.ndarray]] = WeakKeyDictionary()
_one_at_a_time = threading.Lock()


def induction_scores(inspector: Inspector) -> dict[int, np.ndarray]:
    """By layer the score of each head, [H]: mean attention of the repeated pieces to what came after them the first
    time. The sequences are the same for every call; a model is run once.

    :raises UnsupportedError: if the model's context or its vocabulary is too small for such a sequence.
    """
    with _one_at_a_time:
        if inspector not in _kept:
            _kept[inspector] = _scores(inspector)
        return _kept[inspector]


def _scores(inspector: Inspector) -> dict[int, np.ndarray]:
    ids, special = random_sequences(inspector)
    weights = inspector.encode(ids.tolist(), weights=True).weights or []
    scores = {}
    for number, layer in enumerate(weights):
        if layer is not None:
            rows = zip(layer.float().cpu().numpy(), ids, strict=True)
            total = sum(induction(attention, row, special) for attention, row in rows)
            scores[number] = np.asarray(total) / sum(repeated(row, special) for row in ids)
    return scores


def random_sequences(inspector: Inspector) -> tuple[np.ndarray, np.ndarray]:
    """Random pieces, no two alike, repeated once, between the special tokens of this model.

    :return: ids int64 [sequences, N], and bool [N], which are special.
    :raises UnsupportedError: if they do not fit.
    """
    sample = inspector.tokenize("a")
    first, last = (np.flatnonzero(~sample.special) if not sample.special.all() else np.array([0]))[[0, -1]]
    before, after = sample.ids[:first], sample.ids[last + 1 :]
    room = (inspector.model_info.max_length - len(before) - len(after)) // 2
    table = int(inspector.model.get_input_embeddings().weight.shape[0])  # type: ignore[index]
    known = np.setdiff1d(np.arange(min(len(inspector.tokenizer), table)), inspector.tokenizer.all_special_ids)
    length = min(LENGTH, room, len(known))
    if length < 2:
        raise UnsupportedError(
            "the model's context is too short, or its vocabulary too small, to repeat a random sequence"
        )
    rng = np.random.default_rng(_SEED)
    once = np.stack([rng.choice(known, length, replace=False) for _ in range(SEQUENCES)])
    frame = [np.tile(part, (SEQUENCES, 1)) for part in (before, after)]
    ids = np.concatenate([frame[0], once, once, frame[1]], axis=1).astype(np.int64)
    special = np.zeros(ids.shape[1], bool)
    special[: len(before)] = True
    special[ids.shape[1] - len(after) :] = True
    return ids, special
