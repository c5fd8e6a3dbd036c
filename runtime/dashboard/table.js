import { html } from "./chart.js";

export const orUnknown = (v, format) => v === null || v === undefined ? "–" : format(v);
export const set = (element, text) => { if (element.textContent !== text) element.textContent = text; };

// Tables: rows are kept by key, so that what has the focus keeps it.
export class Table {
  constructor(table, columns, empty) {
    Object.assign(this, { table, columns, empty, rows: new Map(), by: 0, up: true, data: [] });
    const head = html("tr", {}, html("thead", {}, table));
    this.heads = columns.map((c, i) => {
      const th = html("th", { scope: "col", class: c.number ? "number" : "", "aria-sort": i === 0 ? "ascending" : "none" }, head);
      html("button", { type: "button", text: c.title }, th).addEventListener("click", () => {
        this.up = this.by === i ? !this.up : !c.number;
        this.by = i;
        this.heads.forEach((h, j) => h.setAttribute("aria-sort", j !== i ? "none" : this.up ? "ascending" : "descending"));
        this.show(this.data);
      });
      return th;
    });
    this.body = html("tbody", {}, table);
  }

  show(data) {
    this.data = data;
    const by = this.columns[this.by], sign = this.up ? 1 : -1;
    const sorted = [...data].sort((a, b) => {
      const x = by.of(a), y = by.of(b);
      if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1; // what is unknown comes last
      return sign * (typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true }));
    });
    const seen = new Set(), order = [];
    for (const one of sorted) {
      const key = this.columns[0].of(one);
      let row = this.rows.get(key);
      if (!row) {
        row = html("tr", {});
        for (const c of this.columns) {
          const cell = html("td", { class: c.number ? "number" : "" }, row);
          if (c.press) html("button", { type: "button", title: c.help ?? "" }, cell).addEventListener("click", () => c.press(key));
        }
        this.rows.set(key, row);
      }
      this.columns.forEach((c, i) => set(row.cells[i].firstElementChild ?? row.cells[i], orUnknown(c.of(one), (v) => c.format ? c.format(v, one) : String(v))));
      seen.add(key);
      order.push(row);
    }
    for (const key of [...this.rows.keys()]) if (!seen.has(key)) this.rows.delete(key);
    if (!order.length) order.push(this.none ??= (() => { const row = html("tr", {}); html("td", { class: "empty", colspan: this.columns.length, text: this.empty }, row); return row; })());
    this.columns.forEach((c, i) => { // what is known of none is not shown
      const hidden = i > 0 && data.every((one) => c.of(one) === null) && data.length > 0;
      for (const row of [this.heads[i].parentElement, ...order]) if (row.cells[i] && row !== this.none) row.cells[i].hidden = hidden;
    });
    const now = [...this.body.rows];
    if (now.length !== order.length || now.some((row, i) => row !== order[i])) this.body.replaceChildren(...order);
  }
}
