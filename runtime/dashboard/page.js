import { Chart, clock, html } from "./chart.js";
import { Table, orUnknown, set } from "./table.js";
import { Unknown, follow, get, know } from "./stream.js";

const $ = (id) => document.getElementById(id);
const spans = { "5m": 300, "15m": 900, "1h": 3600, "6h": 21600, "24h": 86400 };

// Numbers, with their units.
const digits = (v, n = 3) => v === 0 ? "0" : Math.abs(v) >= 10 ** (n - 1) ? Math.round(v).toLocaleString("en") : String(Number(v.toPrecision(n)));
const count = (v) => digits(v);
const share = (v) => `${v >= 0.9995 || v === 0 ? Math.round(100 * v) : (100 * v).toFixed(1)} %`;
const span = (s) => s === 0 ? "0 s" : s < 1 ? `${digits(s * 1000, 2)} ms` : s < 100 ? `${digits(s)} s` : s < 6000 ? `${digits(s / 60)} min` : s < 172800 ? `${digits(s / 3600)} h` : `${digits(s / 86400)} d`;

let priced = false;
const money = (v) => priced ? `$${v < 10 ? v.toFixed(2) : digits(v)}` : count(v);

const mean = (values) => {
  const known = values.filter((v) => v !== null);
  return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null;
};

// Charts.
const rate = (p) => p.hits.map((h, i) => { const n = h + p.partial_hits[i] + p.misses[i]; return h === null || n === 0 ? null : h / n; });
const over = (p) => p.over_s.findLast((v) => v !== null); // seconds that are foreseen
const part = (key) => (p) => p[key].map((v, i) => { const n = p.hits[i] + p.partial_hits[i] + p.misses[i]; return v === null || n === 0 ? null : v / n; });
const charts = [
  new Chart($("charts"), {
    title: "Level and demand", format: count, whole: true,
    series: [
      { name: "expected", kind: "band", class: "band", key: "foreseen", low: "low", high: "high", tell: (p, i) => `${digits(p.foreseen[i])} (${digits(p.low[i], 2)}–${digits(p.high[i], 2)})` },
      { name: "came", kind: "line", class: "serve", key: "came", shift: over },
      { name: "level", kind: "step", class: "level", key: "level" },
    ],
  }),
  new Chart($("charts"), {
    title: "Instances", format: count, whole: true,
    series: [
      { name: "in use", kind: "area", class: "serve", key: "in_use" },
      { name: "warm", kind: "area", class: "warm", key: "warm" },
      { name: "launching", kind: "area", class: "launch", key: "launching" },
      { name: "waiting requests", kind: "line", class: "wait", key: "waiting" },
    ],
  }),
  new Chart($("charts"), {
    title: "What requests found", format: (v, told) => told ? share(v) : `${100 * v} %`, most: 1,
    series: [
      { name: "hit", kind: "bar", class: "warm", of: rate },
      { name: "partial hit", kind: "bar", class: "launch", of: part("partial_hits") },
      { name: "miss", kind: "bar", class: "wait", of: part("misses") },
    ],
  }),
  new Chart($("charts"), {
    title: "Waits", format: span, least: 0.01,
    series: [
      { name: "99th percentile", kind: "line", class: "wait", key: "p99_s" },
      { name: "median", kind: "line", class: "serve", key: "p50_s" },
    ],
  }),
  new Chart($("charts"), {
    title: "Requests a minute", format: count,
    series: [{ name: "arrivals", kind: "bar", class: "serve", of: (p) => p.arrivals.map((v, i) => v === null ? null : v * 60 / p.seen_s[i]) }],
  }),
  new Chart($("charts"), {
    title: "Cost an hour", format: (v) => money(v), least: 0.01,
    series: [
      { name: "none", kind: "line", class: "wait", dash: true, key: "none" },
      { name: "static", kind: "line", class: "serve", dash: true, of: (p) => { const held = mean(p.hold); return p.serving.map((v) => v === null ? null : v + held); } },
      { name: "this pool", kind: "line", class: "level", key: "cost" },
    ],
  }),
];

// Tiles.
const tiles = Object.fromEntries([
  ["hits", "Hit rate"], ["p50", "Wait, median"], ["p99", "Wait, 99th percentile"], ["rate", "Requests a minute"], ["instances", "Instances"], ["cost", "Cost an hour"],
].map(([key, title]) => {
  const tile = html("div", { class: "tile" }, $("tiles"));
  html("h3", { text: title }, tile);
  return [key, { value: html("div", { class: "value", id: `tile-${key}` }, tile), more: html("div", { class: "more" }, tile) }];
}));

const tell = (tile, value, more = "") => { set(tile.value, value); set(tile.more, more); };
const versus = (cost, other, name) => {
  const change = cost / other - 1;
  return other <= 0 || !isFinite(change) ? "" : Math.abs(change) < 0.005 ? `as ${name}` : `${Math.abs(change) >= 10 ? `${digits(1 + change)}×` : `${change < 0 ? "−" : "+"}${digits(Math.abs(100 * change), 2)} %`} ${name}`;
};

const showTiles = (state, pool) => {
  const of = pool ? state.pools.find((p) => p.pool === pool) : null;
  const f = of ? of.recent : state.recent;
  const sum = (key) => of ? of[key] : state.pools.reduce((n, p) => n + p[key], 0);
  tell(tiles.hits, orUnknown(f.hit_rate, share), f.requests ? `${count(f.hits)} of ${count(f.requests)}` : "no requests lately");
  tell(tiles.p50, orUnknown(f.p50_s, span));
  tell(tiles.p99, orUnknown(f.p99_s, span), sum("waiting") ? `${sum("waiting")} waiting now` : "nobody waits");
  tell(tiles.rate, count(f.arrivals * 60 / f.window_s), `in the latest ${span(f.window_s)}`);
  const warm = sum("warm"), launching = sum("launching"), used = sum("in_use");
  tell(tiles.instances, count(warm + launching + used), `${used} in use, ${warm} warm, ${launching} launching`);
  tell(tiles.cost, money(f.cost), [versus(f.cost, f.cost_none, "to none"), versus(f.cost, f.cost_static, "to static")].filter(Boolean).join(", "));
};

const choose = (name) => {
  $("pool").value = $("pool").value === name ? "" : name;
  $("pool").dispatchEvent(new Event("change"));
};
const pools = new Table($("pools"), [
  { title: "pool", of: (p) => p.pool, press: choose, help: "Show this pool only, or all again" },
  { title: "level", number: true, of: (p) => p.level },
  { title: "expected", number: true, of: (p) => p.forecast?.mean ?? null, format: (v, p) => `${digits(v)} (${p.forecast.p05}–${p.forecast.p95}) in ${span(p.forecast.over_s)}` },
  { title: "warm", number: true, of: (p) => p.warm },
  { title: "launching", number: true, of: (p) => p.launching },
  { title: "in use", number: true, of: (p) => p.in_use },
  { title: "waiting", number: true, of: (p) => p.waiting },
  { title: "limit", number: true, of: (p) => p.max_instances ?? null },
  { title: "hit rate", number: true, of: (p) => p.recent.hit_rate, format: share },
  { title: "median wait", number: true, of: (p) => p.recent.p50_s, format: span },
  { title: "99th pct.", number: true, of: (p) => p.recent.p99_s, format: span },
  { title: "requests/min", number: true, of: (p) => p.recent.arrivals * 60 / p.recent.window_s, format: count },
  { title: "cost/h", number: true, of: (p) => p.recent.cost, format: (v) => money(v) },
], "There are no pools.");

// What an instance warms: how far its launch is, or for how long it is warm.
let leads = new Map();
const instances = new Table($("instances"), [
  { title: "instance", of: (i) => i.instance },
  { title: "pool", of: (i) => i.pool },
  { title: "state", of: (i) => i.state },
  { title: "for", number: true, of: (i) => Math.max(0, (Date.now() - Date.parse(i.since)) / 1000), format: (v, i) => i.state === "launching" && leads.get(i.pool) ? `${span(v)} of about ${span(leads.get(i.pool))}` : span(v) },
  { title: "age", number: true, of: (i) => Math.max(0, (Date.now() - Date.parse(i.ordered)) / 1000), format: span },
  { title: "tenant", of: (i) => i.tenant ?? null },
  { title: "zone", of: (i) => i.zone ?? null },
  { title: "generation", of: (i) => i.generation ?? null },
  { title: "claim", of: (i) => i.claim ?? null },
  { title: "address", of: (i) => i.address ?? null },
], "There are no instances.");

const ask = (path, show) => get(path).then(show, () => {}); // the connection's state tells what is wrong

const showInstances = () => ask(`/v1/dashboard/instances?pool=${encodeURIComponent($("pool").value)}`, (all) => {
  instances.show(all);
  set($("instances-note"), all.length >= 200 ? "These are the first 200." : "");
});

// Decisions.
let decisions = [];
const kind = (d) => ["fail", "lose", "refuse"].includes(d.action) ? "trouble" : d.action;
const line = (d) => {
  const item = html("li", { class: `is-${kind(d)}` });
  html("time", { datetime: d.at, text: clock(Date.parse(d.at) / 1000, true) }, item);
  html("span", { class: "of", text: d.pool }, item);
  html("span", { class: "text", text: d.text }, item);
  return item;
};
const routine = (d) => d.action === "assign" || d.action === "end" && d.reason === "single_use";
const wanted = (d) => { const w = $("kinds").value; return w === "" || (w === "main" ? !routine(d) : w === kind(d)); };
const mostLines = 200;
const addDecisions = (more) => {
  decisions = [...decisions, ...more].slice(-1000);
  const list = $("decisions");
  list.querySelector(".empty")?.remove();
  list.prepend(...more.filter(wanted).map(line).reverse());
  while (list.children.length > mostLines) list.lastElementChild.remove();
  if (!list.children.length) html("li", { class: "empty", text: "Nothing of that kind has been decided yet." }, list);
};
const showDecisions = () => {
  const all = decisions;
  decisions = [];
  $("decisions").replaceChildren();
  addDecisions(all);
};

// Alerts.
let alerted = "";
const showAlerts = (all) => {
  const text = JSON.stringify(all);
  if (text === alerted) return; // read out what is new only
  alerted = text;
  $("alerts").replaceChildren(...all.map((a) => {
    const item = html("li", { class: a.severity });
    html("b", { text: a.pool ? `${a.name} · ${a.pool}` : a.name }, item);
    item.append(a.text);
    return item;
  }));
};

const showPanels = () => ask("/v1/dashboard/panels", (panels) => {
  $("panels").replaceChildren(...panels.map((p) => {
    const section = html("section", { "aria-label": p.title });
    html("h2", { text: p.title }, section);
    if (p.note) html("p", { class: "note", text: p.note }, section);
    if (!p.rows?.length) return section;
    const table = html("table", {}, html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": p.title }, section));
    const head = html("tr", {}, html("thead", {}, table)), body = html("tbody", {}, table);
    for (const c of p.columns) html("th", { scope: "col", class: c.number ? "number" : "" }, head).append(html("span", { class: "plain", text: c.title }));
    for (const r of p.rows) {
      const row = html("tr", {}, body);
      p.columns.forEach((c, i) => html("td", { class: c.number ? "number" : "", text: orUnknown(r[i], (v) => typeof v === "number" ? digits(v, 4) + (c.unit ? ` ${c.unit}` : "") : String(v)) }, row));
    }
    return section;
  }));
});

// What comes.
const showState = (s) => {
  priced = s.priced;
  leads = new Map(s.pools.map((p) => [p.pool, p.lead_s]));
  set($("mode"), s.draining ? "draining" : "serving");
  $("mode").classList.toggle("draining", s.draining);
  set($("server"), `policy ${s.policy}, up ${span(Math.round(s.uptime_s))}, version ${s.version}`);
  const chosen = $("pool").value, names = s.pools.map((p) => p.pool);
  if ([...$("pool").options].slice(1).map((o) => o.value).join("\n") !== names.join("\n")) {
    $("pool").replaceChildren($("pool").options[0], ...names.map((n) => html("option", { value: n, text: n })));
    $("pool").value = names.includes(chosen) ? chosen : "";
  }
  showTiles(s, $("pool").value);
  showAlerts(s.alerts);
  pools.show(s.pools);
  document.title = `${s.alerts.some((a) => a.severity === "critical") ? "(!) " : ""}${orUnknown(s.recent.hit_rate, share)} hits · shadowpool`;
};

let points = null;
const showPoints = (more) => {
  if (!points || points.step_s !== more.step_s) points = more;
  else {
    const from = points.at.findIndex((t) => t >= more.at[0]);
    const keep = from < 0 ? points.at.length : from;
    const oldest = more.at.at(-1) - spans[chosenSpan()] - points.step_s;
    for (const [key, values] of Object.entries(more)) {
      if (Array.isArray(values)) points[key] = [...points[key].slice(0, keep), ...values];
    }
    const gone = points.at.findIndex((t) => t >= oldest);
    if (gone > 0) for (const values of Object.values(points)) if (Array.isArray(values)) values.splice(0, gone);
  }
  const lead = over(points);
  charts[0].note.textContent = lead
    ? `Requests within a lead time (${span(lead)}): how many are expected at nine times in ten, and how many came, each from its instant on.`
    : "Requests within a lead time. This policy forecasts none.";
  for (const c of charts) c.show(points, spans[chosenSpan()]);
};
const chosenSpan = () => document.querySelector("input[name=span]:checked").value;

let following = null;
const connection = (text, live) => { set($("connection"), text); $("connection").classList.toggle("live", live); };
const listen = async () => {
  following?.abort();
  const mine = following = new AbortController();
  let what = "the server does not answer";
  history.replaceState(null, "", `#pool=${encodeURIComponent($("pool").value)}&span=${chosenSpan()}`); // for the next load
  showInstances();
  try {
    await follow(`/v1/dashboard/events?pool=${encodeURIComponent($("pool").value)}&span=${chosenSpan()}`, mine.signal, {
      open: () => { // all comes anew
        points = null;
        decisions = [];
        showDecisions();
        $("who").hidden = true;
        connection("live", true);
      },
      state: showState, points: showPoints, decisions: addDecisions,
    });
  } catch (e) {
    if (mine.signal.aborted) return;
    if (!(e instanceof TypeError)) what = e.message; // that is the network's
    if (e instanceof Unknown) {
      connection("the server asks for a token", false);
      if ($("who").hidden) {
        $("who").hidden = false;
        $("token").focus();
      }
      return;
    }
  }
  if (mine.signal.aborted) return;
  connection(`${what}; trying again`, false);
  setTimeout(() => { if (following === mine) listen(); }, 2000);
};

// A page that nobody sees asks for nothing.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return listen();
  following?.abort();
  connection("paused", false);
});
setInterval(() => { if (!document.hidden) showInstances(); }, 2000);
setInterval(() => { if (!document.hidden) showPanels(); }, 15000);
const before = new URLSearchParams(location.hash.slice(1));
if (before.get("pool")) {
  html("option", { value: before.get("pool"), text: before.get("pool") }, $("pool"));
  $("pool").value = before.get("pool");
}
if (before.get("span") in spans) document.querySelector(`input[value="${before.get("span")}"]`).checked = true;
$("pool").addEventListener("change", listen);
document.querySelectorAll("input[name=span]").forEach((i) => i.addEventListener("change", listen));
$("kinds").addEventListener("change", showDecisions);
$("controls").addEventListener("submit", (e) => e.preventDefault());
$("who").addEventListener("submit", (e) => {
  e.preventDefault();
  know($("token").value);
  $("token").value = "";
  listen();
  showPanels();
});
showPanels();
listen();
