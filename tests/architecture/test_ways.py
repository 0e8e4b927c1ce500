"""docs/architecture.md says which files each way through the house passes; here each way is gone and compared.

`python -m tests.architecture.write` writes the lists anew.
"""

from __future__ import annotations

import pytest

from .page import read_leaves, read_ways
from .ways import WAYS, gone

LEAVES = read_leaves()


@pytest.mark.parametrize("name", WAYS)
def test_the_page_lists_the_files_that_a_way_passes(name, tmp_path):
    way = gone(name, tmp_path)
    written = read_ways()[name]
    assert written.files == [file for file in way.files if not LEAVES.match(file)]
    assert written.beside == sorted(file for file in way.beside if not LEAVES.match(file))


def test_every_way_is_on_the_page():
    assert list(read_ways()) == list(WAYS)
