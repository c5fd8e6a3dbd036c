// Charts over time: inline SVG with a cursor that all of them share, moved by
// pointer or, as they are sliders, by the arrow keys.
const svgNS = "http://www.w3.org/2000/svg";
const height = 190, left = 46, right = 8, top = 8, bottom = 20;

const svg = (name, attributes, parent) => {
  const e = document.createElementNS(svgNS, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  parent?.append(e);
  return e;
};
const html = (name, attributes, parent) => {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) k === "text" ? e.textContent = v : e.setAttribute(k, v);
  parent?.append(e);
  return e;
};
export { html };

export const clock = (seconds, withSeconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(withSeconds ? { second: "2-digit" } : {}) });

// nice is the least of 1, 2, 5, 10, ... that is not below v.
const nice = (v) => {
  const power = 10 ** Math.floor(Math.log10(v));
  return [1, 2, 5, 10].find((n) => n * power >= v * 0.999999) * power;
};
const timeSteps = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600];

const charts = [];
let cursor = null; // an instant

const moveCursor = (at) => {
  cursor = at;
  for (const c of charts) c.point();
};

// Chart draws series of points: each has a key of the points or a function of
// them (of), a kind (line, step, area: stacked, bar: stacked, or band from low
// to high), a class that gives its colour, and a name.
export class Chart {
  constructor(parent, { title, note, series, format, most, least = 1, whole }) {
    Object.assign(this, { series, format, most, least, whole });
    const figure = html("figure", { class: "chart" }, parent);
    const caption = html("figcaption", {}, figure);
    html("h2", { text: title }, caption);
    this.when = html("span", { class: "when" }, caption);
    this.plot = html("div", { class: "plot", tabindex: 0, role: "slider", "aria-label": title, "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0, "aria-valuetext": "nothing yet" }, figure);
    this.svg = svg("svg", { "aria-hidden": "true" }, this.plot);
    const legend = html("ul", { class: "legend" }, figure);
    for (const s of series) {
      const item = html("li", {}, legend);
      html("i", { class: s.class }, item);
      item.append(s.name + " ");
      s.value = html("b", { text: "" }, item);
    }
    this.note = html("p", { class: "note", text: note ?? "" }, figure);
    this.plot.addEventListener("pointermove", (e) => {
      if (this.points) moveCursor(this.time(e.clientX - this.plot.getBoundingClientRect().left));
    });
    this.plot.addEventListener("pointerleave", () => moveCursor(null));
    this.plot.addEventListener("blur", () => moveCursor(null));
    this.plot.addEventListener("keydown", (e) => this.key(e));
    new ResizeObserver(() => this.draw()).observe(this.plot);
    charts.push(this);
  }

  show(points, span) {
    this.points = points;
    this.span = span;
    this.draw();
  }

  time(x) { return this.from + (x - left) / (this.width - left - right) * (this.to - this.from); }
  x(t) { return left + (t - this.from) / (this.to - this.from) * (this.width - left - right); }
  y(v) { return height - bottom - v / this.max * (height - top - bottom); }

  // index is that of the point at an instant, the latest without one.
  index() {
    const { at, step_s } = this.points;
    if (cursor === null) return at.length - 1;
    let best = 0;
    for (let i = 0; i < at.length; i++) if (Math.abs(at[i] + step_s / 2 - cursor) < Math.abs(at[best] + step_s / 2 - cursor)) best = i;
    return best;
  }

  key(e) {
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9 };
    if (e.key === "Escape") return moveCursor(null);
    if (!(e.key in moves) || !this.points?.at.length) return;
    e.preventDefault();
    const { at, step_s } = this.points;
    moveCursor(at[Math.max(0, Math.min(at.length - 1, this.index() + moves[e.key]))] + step_s / 2);
  }

  // values are those of each series, the stacked ones on each other.
  values() {
    const p = this.points, base = p.at.map(() => 0);
    return this.series.map((s) => {
      const own = s.of ? s.of(p) : p[s.key];
      if (s.kind === "band") return { own, low: p[s.low], high: p[s.high] };
      if (s.kind !== "area" && s.kind !== "bar") return { own, high: own };
      const low = [...base];
      own.forEach((v, i) => { base[i] += v ?? 0; });
      return { own, low, high: own.map((v, i) => v === null ? null : base[i]) };
    });
  }

  draw() {
    this.width = Math.max(this.plot.clientWidth, 200);
    if (!this.points?.at.length) return;
    const { at, step_s } = this.points;
    this.to = at.at(-1) + step_s;
    this.from = Math.max(this.to - this.span, Math.min(at[0], this.to - 60)); // a young server has no past
    this.drawn = this.values();
    let most = this.least;
    for (const v of this.drawn) for (const h of v.high) if (h > most) most = h;
    const tick = this.most ? this.most / 4 : Math.max(nice(most / 4), this.whole ? 1 : 0);
    this.max = this.most ?? Math.ceil(most / tick - 1e-9) * tick;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.svg.replaceChildren();
    for (let v = 0; v <= this.max * 1.0001; v += tick) {
      svg("line", { class: "grid", x1: left, x2: this.width - right, y1: this.y(v), y2: this.y(v) }, this.svg);
      svg("text", { x: left - 6, y: this.y(v) + 4, "text-anchor": "end" }, this.svg).textContent = this.format(v);
    }
    const every = timeSteps.find((s) => (this.to - this.from) / s <= (this.width < 420 ? 4 : 7)) ?? 21600;
    const offset = new Date(this.to * 1000).getTimezoneOffset() * 60;
    for (let t = Math.ceil((this.from - offset) / every) * every + offset; t <= this.to; t += every) {
      const x = this.x(t);
      if (x < left + 12 || x > this.width - 18) continue;
      svg("text", { x, y: height - 4, "text-anchor": "middle" }, this.svg).textContent = clock(t, every < 60);
    }
    this.series.forEach((s, i) => this.trace(s, this.drawn[i]));
    this.line = svg("line", { class: "cursor", y1: top, y2: height - bottom }, this.svg);
    this.point();
  }

  // trace draws one series.
  trace(s, v) {
    const { at, step_s } = this.points;
    const shift = s.shift?.(this.points) ?? 0; // to the left, in seconds
    const middle = (i) => this.x(at[i] + step_s / 2 - shift);
    const runs = []; // of points without a gap
    v.high.forEach((h, i) => {
      if (h === null || at[i] + step_s / 2 - shift < this.from) return;
      const last = runs.at(-1);
      if (last && last.at(-1) === i - 1 && at[i] === at[i - 1] + step_s) last.push(i);
      else runs.push([i]);
    });
    let d = "";
    const r = (n) => n.toFixed(1);
    for (const run of runs) {
      if (s.kind === "bar") {
        for (const i of run) {
          const x1 = this.x(Math.max(at[i], this.from)), x2 = this.x(at[i] + step_s), gap = x2 - x1 > 4 ? 1 : 0;
          if (v.high[i] > v.low[i]) d += `M${r(x1)} ${r(this.y(v.low[i]))}V${r(this.y(v.high[i]))}H${r(x2 - gap)}V${r(this.y(v.low[i]))}Z`;
        }
        continue;
      }
      const way = (of, back) => (back ? [...run].reverse() : run).map((i) => `${r(middle(i))} ${r(this.y(of[i]))}`).join("L");
      if (s.kind === "step") {
        d += `M${r(this.x(Math.max(at[run[0]], this.from)))} ${r(this.y(v.high[run[0]]))}`;
        for (const i of run) d += `V${r(this.y(v.high[i]))}H${r(this.x(at[i] + step_s))}`;
      } else if (s.kind === "line") {
        d += `M${way(v.high)}` + (run.length === 1 ? "h.1" : "");
      } else if (run.length > 1) {
        d += `M${way(v.high)}L${way(v.low, true)}Z`;
      }
    }
    svg("path", { class: `${s.kind === "step" || s.kind === "line" ? "line" : s.kind} ${s.class} ${s.dash ? "dash" : ""}`, d }, this.svg).setAttribute("fill-rule", "nonzero");
  }

  // point tells the values at the cursor.
  point() {
    if (!this.points?.at.length || !this.line) return;
    const i = this.index(), { at, step_s } = this.points;
    const x = this.x(at[i] + step_s / 2);
    this.line.setAttribute("x1", x);
    this.line.setAttribute("x2", x);
    this.line.setAttribute("visibility", cursor === null ? "hidden" : "visible");
    const time = clock(at[i], step_s < 60);
    this.when.textContent = cursor === null ? "now" : time;
    const told = this.series.map((s, k) => {
      const v = this.drawn[k].own[i];
      s.value.textContent = v === null || v === undefined ? "–" : s.tell ? s.tell(this.points, i) : this.format(v, true);
      return `${s.name} ${s.value.textContent}`;
    });
    this.plot.setAttribute("aria-valuemax", at.length - 1);
    this.plot.setAttribute("aria-valuenow", i);
    this.plot.setAttribute("aria-valuetext", `${time}: ${told.join(", ")}`);
  }
}
