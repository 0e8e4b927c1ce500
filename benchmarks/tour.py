"""Execute docs/tour.ipynb and keep what its cells return: `make tour`. Progress bars and the page's frame stay out."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
TOUR = ROOT / "docs" / "tour.ipynb"
PAGE = "exbert_hub.launch"  # the cell whose outcome is a running server


def main() -> None:
    tour = nbformat.read(TOUR, as_version=4)
    NotebookClient(tour, timeout=300, kernel_name="python3").execute()
    for cell in tour.cells:
        cell.metadata.pop("execution", None)  # when it ran: it would change every time
        if cell.cell_type == "code":
            kept = [] if PAGE in cell.source else cell.outputs
            cell.outputs = [output for output in kept if output.output_type == "execute_result"]
            for output in cell.outputs:  # the embedded model is named by its folder
                output.data["text/plain"] = output.data["text/plain"].replace(f"{ROOT}/", "")
    nbformat.write(tour, TOUR)


if __name__ == "__main__":
    main()
