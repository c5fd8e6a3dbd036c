"use strict";
for (const table of document.querySelectorAll("table.sort")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? null : Number(cell.dataset.v);
  };
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    const sign = up ? 1 : -1;
    const rows = [...body.rows].sort((a, b) => {
      const x = key(a, column), y = key(b, column);
      if (x !== null && y !== null) return sign * (x - y);
      if (x !== null || y !== null) return x !== null ? -1 : 1; // what has no number comes last
      return sign * a.cells[column].textContent.localeCompare(b.cells[column].textContent, "en", { numeric: true });
    });
    body.append(...rows);
    heads.forEach((h) => h.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
  }));
}
