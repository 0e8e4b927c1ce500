"""Stored attention is read by several threads at once: a server's visitors ask for the same layer."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from exbert_hub.index.store.attention_files import AttentionReader, AttentionWriter


def test_several_threads_read_one_layer(tmp_path):
    heads, lengths = 4, np.tile([9, 14, 30, 5], 100)
    writer, random = AttentionWriter(tmp_path / "layer.parquet"), np.random.default_rng(0)
    for pieces in lengths:
        writer.add(random.integers(0, 256, (heads, pieces, pieces), np.uint8).tobytes())
    writer.close()
    reader = AttentionReader(tmp_path / "layer.parquet", heads, lengths)
    expected = [attention[[0, 2]].sum(0) for attention in reader]

    def whole(_):
        seen = 0
        for sentences, together in reader.alike([0, 2]):
            seen += len(sentences)
            assert all(np.array_equal(one, expected[n]) for n, one in zip(sentences, together, strict=True))
        assert seen == len(lengths)

    def some(start):
        chosen = range(start, len(lengths), 7)
        for sentence, (out, _) in zip(chosen, reader.around([(n, 1) for n in chosen], [0, 2]), strict=True):
            assert np.allclose(2 * out, expected[sentence][1], atol=1e-6)

    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(task, number) for number in range(12) for task in (whole, some)]
        for one in done:
            one.result()
