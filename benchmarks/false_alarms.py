"""How often tokens drawn blindly from the demo's corpus are called a finding, by label and by what is corrected for.

    python benchmarks/false_alarms.py

Prints the table of docs/statistics.md.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import false_discovery_control

from exbert_hub import demo
from exbert_hub.analysis.histogram import Bar, Population, Vocabulary, histogram
from exbert_hub.analysis.significance import LEVEL

DRAWS, DRAWN, SEED = 1000, 50, 0
LABELS = ("pos", "dep", "ent_type", "text")


def main() -> None:
    _, index = demo.load()
    rng = np.random.default_rng(SEED)
    rows = [rng.choice(len(index), DRAWN, replace=False) for _ in range(DRAWS)]
    print(f"| label | values | no correction | for the labels shown | for all labels |\n|---|---|{'---|' * 3}")
    for label in LABELS:
        column = np.array(index.tokens[label][:])
        values, counts = np.unique(column, return_counts=True)
        population = Population(Vocabulary(values.tolist()), counts)
        found = np.mean([_alarms(histogram(column[drawn].tolist(), population)) for drawn in rows], axis=0)
        print(f"| {label} | {len(values):,} | {' | '.join(f'{share:.1%}' for share in found)} |")


def _alarms(bars: tuple[Bar, ...]) -> tuple[bool, bool, bool]:
    """Whether any bar counts as a finding: by p, by p corrected for the labels shown, by q."""
    p = np.array([bar.p for bar in bars])
    return bool((p < LEVEL).any()), bool((false_discovery_control(p) < LEVEL).any()), any(b.significant for b in bars)


if __name__ == "__main__":
    main()
