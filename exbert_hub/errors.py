"""One class per kind of user mistake; every message says what was wrong and what to do."""

from __future__ import annotations


class ExbertError(Exception):
    """Base of every error that a user of exbert_hub can cause and can fix."""


class CorpusError(ExbertError):
    """The corpus cannot be found, read or understood."""


class MissingPipelineError(ExbertError):
    """The named spaCy pipeline is not installed."""


class MissingExtraError(ExbertError):
    """An optional dependency that this feature needs is not installed."""


class ModelLoadError(ExbertError):
    """The model or its tokenizer cannot be loaded."""


class NoAttentionError(ExbertError):
    """The model has no attention that could be shown."""


class TextTooLongError(ExbertError):
    """The text has more pieces than the model, or this tool, accepts."""


class MaskError(ExbertError):
    """The requested masking is impossible for this model or text."""


class TokenError(ExbertError):
    """A token was named that does not occur in the text, or occurs more than once."""


class UnsupportedError(ExbertError):
    """The model's architecture does not allow what was requested; the message says why."""


class SelectionError(ExbertError):
    """A layer, head, stack or kind of vector was named that the model or the index does not have."""


class LabelError(ExbertError):
    """A label column was named that the index does not have."""


class AnnotationError(ExbertError):
    """Labels cannot be attached to an index as requested."""


class IndexFormatError(ExbertError):
    """A folder is not an index, is damaged, or holds what an index may not hold."""


class IndexMismatchError(ExbertError):
    """The index was built with another model or tokenizer than the one that asks."""


class BuildError(ExbertError):
    """The index cannot be built as requested."""


class ResourceError(BuildError):
    """The build does not fit into the available memory or disk space."""


class LockedError(ExbertError):
    """Another process is working on the same folder."""


class HubError(ExbertError):
    """The Hub cannot be reached, refuses, or does not have what was requested."""


class RequestError(ExbertError):
    """A request to the page or to its API has a field that is missing, of another type, or out of its range."""


class RateLimitError(ExbertError):
    """More calls in a short time than the owner of a server allows."""


class PortError(ExbertError):
    """The page cannot listen on the requested address or port."""


class ExportError(ExbertError):
    """Results cannot be written in the requested place or format."""
