"""Annotates the demo's texts again: `python -m exbert_hub.demo.annotate`, after a change to them (needs `[en]`)."""

from __future__ import annotations

from dataclasses import replace

from exbert_hub.corpus import annotate, write_corpus

from . import CORPUS, FOLDER


def main() -> None:
    corpus = annotate(FOLDER / "corpus", name="exbert-demo", language="en", license="cc0-1.0")
    # the same file wherever the checkout lies
    write_corpus(replace(corpus.info, source="exbert_hub/demo/corpus"), corpus, CORPUS)


if __name__ == "__main__":
    main()
