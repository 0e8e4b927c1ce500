from dataclasses import dataclass

import pytest

from exbert_hub import demo
from exbert_hub.corpus import open_corpus
from exbert_hub.corpus.types import CorpusInfo, Sentence
from exbert_hub.index import CorpusIndex
from exbert_hub.model import Inspector


@dataclass(frozen=True)
class ListCorpus:
    """Annotated sentences in memory."""

    info: CorpusInfo
    sentences: tuple[Sentence, ...]

    def __iter__(self):
        return iter(self.sentences)

    def __len__(self):
        return len(self.sentences)


@pytest.fixture(scope="session")
def inspector() -> Inspector:
    return Inspector.from_pretrained(demo.MODEL, local_files_only=True)


@pytest.fixture(scope="session")
def corpus() -> ListCorpus:
    return sixty_sentences()


def sixty_sentences() -> ListCorpus:
    """Sixty sentences of the demo, one of them twice."""
    annotated = open_corpus(demo.CORPUS)
    sentences = [sentence for sentence in annotated if len(sentence.words) > 4][:60]
    return ListCorpus(annotated.info, (*sentences, sentences[7]))


@pytest.fixture(scope="session")
def exact(tmp_path_factory, inspector, corpus) -> CorpusIndex:
    """In fp32 and three shards."""
    folder = tmp_path_factory.mktemp("exact") / "index"
    return CorpusIndex.build(
        inspector, corpus, folder, codec="fp32", shard_pieces=400, progress=lambda done, total: None
    )


@pytest.fixture(scope="session")
def index(tmp_path_factory, inspector, corpus) -> CorpusIndex:
    """As a user gets it."""
    folder = tmp_path_factory.mktemp("default") / "index"
    return CorpusIndex.build(inspector, corpus, folder, progress=lambda done, total: None)
