"""What heads are measured by, in one sentence: the definitions that the batched measures are tested against."""

import numpy as np

from exbert_hub.analysis.heads import LENGTHS, AnnotatedPieces
from exbert_hub.analysis.max_attention import max_attention


def max_attention_offsets(attention: np.ndarray, sentence: AnnotatedPieces) -> np.ndarray:
    """Where each piece's max-attention piece stands, counted from itself (docs/glossary.md).

    :param attention: [H, N, N].
    :return: int [H, n], for the n pieces that have a word, of sentences that have a candidate.
    """
    positions = sentence.positions
    return max_attention(attention[:, positions], sentence.candidates) - positions


def hits_to_head(attended: np.ndarray, sentence: AnnotatedPieces) -> np.ndarray:
    """Whether a word attends most to its head: bool [H, W], to be read where `seen_heads`."""
    return (attended == sentence.head) & sentence.seen_heads


def hits_to_dependant(attended: np.ndarray, sentence: AnnotatedPieces) -> np.ndarray:
    """Whether a word attends most to a dependant of its own, of whatever label: bool [H, W].

    The label is that of the attended word. A word with several dependants of one label hits with any of them.
    """
    own = sentence.seen_dependants[attended] & (sentence.head[attended] == np.arange(len(sentence.head)))
    return own & (attended >= 0)


def blind_shares(attended: np.ndarray, of_label: np.ndarray, sentence: AnnotatedPieces) -> np.ndarray:
    """How often a head that knows nothing of the words would attend to a label, given how long a word it attends to.

    A long word has more pieces to sum over and wins more often, whatever the head has learned. So the choice that is
    set against the head's is a blind one among the other words with as many pieces as the attended one.

    :param attended: int [W], the word that each word attends to most, -1 for none.
    :param of_label: bool [W], the words with the label.
    :return: float [W], 0 where nothing is attended to.
    """
    length = np.minimum(sentence.lengths, LENGTHS)
    alike = sentence.others & (length[attended][:, None] == length)
    shares = (alike & of_label).sum(1) / np.maximum(alike.sum(1), 1)
    return np.where(attended >= 0, shares, 0.0)
