"""What processes of the tests begin with: `tests/processes.py` forks them from one that has imported this."""

import datasets  # noqa: F401
import faiss  # noqa: F401
import gradio  # noqa: F401
import huggingface_hub.hf_api  # noqa: F401
import pandas  # noqa: F401
import pyarrow.dataset  # noqa: F401
import pyarrow.parquet  # noqa: F401
import scipy.stats  # noqa: F401
import spacy  # noqa: F401
import transformers.modeling_utils  # noqa: F401
import transformers.models.bert.modeling_bert  # noqa: F401

import exbert_hub
import exbert_hub.cli  # noqa: F401

# imported when they are first asked for
exbert_hub.CorpusIndex, exbert_hub.Inspector, exbert_hub.launch  # noqa: B018
