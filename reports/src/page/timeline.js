"use strict";
// The time axis of a run's page: one cursor, one range and one set of filters for lanes, faults and charts.
(function () {
  const root = document.getElementById("timeline");
  if (!root) return;
  const data = JSON.parse(document.getElementById("timeline-data").textContent);
  const find = function (id) { return document.getElementById(id); };
  const strips = Array.from(root.querySelectorAll("svg.zoom"));
  const overlay = root.querySelector("svg.overlay");
  const line = overlay.querySelector(".cursor");
  const brush = overlay.querySelector(".brush");
  const ticks = root.querySelector("svg.ticks");
  const panel = find("moment");
  const filters = { node: find("filter-node"), kind: find("filter-kind"), fault: find("filter-fault") };
  const end = data.end;
  let range = [0, end];
  let cursor = null;
  let pinned = false;

  // Words for people.
  const seconds = function (ns) {
    const span = (range[1] - range[0]) / 1e9;
    const digits = span > 100 ? 2 : span > 0.5 ? 3 : 6;
    return (ns / 1e9).toFixed(digits) + " s";
  };
  const nameOf = function (slot) { return slot === null ? "world" : data.slots[slot] || "slot " + slot; };
  const number = function (value) {
    const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
    return value.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, ",").replace(/(\d)(?=(\d{3})+\.)/g, "$1,");
  };

  // The index of the last element at or before a moment; -1 if there is none.
  const lastAt = function (list, at, key) {
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (key(list[middle]) <= at) low = middle + 1; else high = middle;
    }
    return low - 1;
  };
  const first = function (item) { return item[0]; };

  // Filters. A node is a slot's number, a kind that of a message, a fault its family.
  const chosen = function (name) { return filters[name] && filters[name].value !== "" ? filters[name].value : null; };
  const wantsEvent = function (event) {
    const node = chosen("node"), kind = chosen("kind");
    const touches = function (slot) { return slot !== null && String(slot) === node; };
    return (node === null || touches(event.slot) || touches(event.peer)) && (kind === null || event.kind === kind);
  };
  const wantsFault = function (fault) {
    const node = chosen("node"), family = chosen("fault");
    return (family === null || fault.family === family) && (node === null || fault.slots.length === 0 || fault.slots.map(String).includes(node));
  };

  // Every moment that the keys stop at: with a kind only messages, with a family only faults.
  const stops = function () {
    const all = [];
    const add = function (at) { all.push(at); };
    const node = chosen("node");
    if (chosen("fault") === null) {
      data.windows.forEach(function (window) {
        window.events.forEach(function (event) { if (wantsEvent(event)) add(event.at); });
      });
      if (chosen("kind") === null) {
        data.violations.forEach(function (violation) { add(violation.at); });
        data.nodes.forEach(function (own) {
          if (node === null || String(own.slot) === node) own.spans.forEach(function (span) { add(span[0]); });
        });
      }
    }
    if (chosen("kind") === null) data.faults.filter(wantsFault).forEach(function (fault) { add(fault.at); if (fault.until !== null) add(fault.until); });
    return Array.from(new Set(all)).sort(function (a, b) { return a - b; });
  };

  // The axis: ticks at round numbers, as many as fit.
  const drawTicks = function () {
    const width = ticks.getBoundingClientRect().width || 800;
    const rough = (range[1] - range[0]) / Math.max(2, width / 110);
    const power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = [1, 2, 5, 10].map(function (nice) { return nice * power; }).find(function (nice) { return nice >= rough; });
    const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step / 1e9) + 1e-9)));
    ticks.textContent = "";
    for (let at = Math.ceil(range[0] / step) * step; at <= range[1]; at += step) {
      const share = (at - range[0]) * 100 / (range[1] - range[0]);
      const make = function (name, attributes) {
        const element = document.createElementNS(ticks.namespaceURI, name);
        Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
        ticks.appendChild(element);
        return element;
      };
      make("line", { class: "tick", x1: share + "%", x2: share + "%", y1: 0, y2: 4 });
      const text = make("text", { class: "tick", x: share + "%", y: 16, "text-anchor": share > 96 ? "end" : share < 2 ? "start" : "middle" });
      text.textContent = (at / 1e9).toFixed(digits) + " s";
    }
  };
  const percent = function (at) { return ((at - range[0]) * 100 / (range[1] - range[0])).toFixed(4) + "%"; };
  const place = function () {
    const inside = cursor !== null && cursor >= range[0] && cursor <= range[1];
    line.setAttribute("visibility", inside ? "visible" : "hidden");
    if (inside) { line.setAttribute("x1", percent(cursor)); line.setAttribute("x2", percent(cursor)); }
  };
  const zoom = function (from, to) {
    const least = 1000;
    from = Math.max(0, Math.min(from, end - least));
    to = Math.min(end, Math.max(to, from + least));
    range = [from, to];
    const scale = end / (to - from);
    strips.forEach(function (strip) {
      strip.setAttribute("x", (-from * 100 / (to - from)) + "%");
      strip.setAttribute("width", (scale * 100) + "%");
    });
    find("range").textContent = seconds(from) + " to " + seconds(to);
    find("whole").disabled = from === 0 && to === end;
    drawTicks();
    place();
    remember();
  };

  // What the address says comes back when it is opened.
  let pending = 0;
  const remember = function () {
    clearTimeout(pending);
    pending = setTimeout(function () {
      const parts = [];
      if (range[0] > 0 || range[1] < end) parts.push("from=" + (range[0] / 1e9) + "&to=" + (range[1] / 1e9));
      if (pinned && cursor !== null) parts.push("at=" + (cursor / 1e9));
      Object.keys(filters).forEach(function (name) { if (chosen(name) !== null) parts.push(name + "=" + encodeURIComponent(chosen(name))); });
      const hash = parts.length ? "#" + parts.join("&") : location.pathname + location.search;
      try { history.replaceState(null, "", hash); } catch (error) { /* A page in a frame may have no address of its own. */ }
    }, 150);
  };
  const recall = function () {
    const said = new URLSearchParams(location.hash.slice(1));
    Object.keys(filters).forEach(function (name) {
      if (filters[name] && said.has(name)) filters[name].value = said.get(name);
    });
    const time = function (key) { const value = parseFloat(said.get(key)); return Number.isFinite(value) ? Math.round(value * 1e9) : null; };
    const from = time("from"), to = time("to"), at = time("at");
    zoom(from === null ? 0 : from, to === null ? end : to);
    filtered();
    if (at !== null) pin(at);
  };

  // What a chart shows at a moment.
  const readings = function (at) {
    data.charts.forEach(function (chart) {
      const output = find("now-" + chart.name);
      if (!output) return;
      if (at === null) { output.textContent = ""; return; }
      const words = chart.series.map(function (series) {
        const index = lastAt(series.points, at / 1e9, first);
        const value = index < 0 ? null : series.points[index][1];
        return (series.name ? series.name + " " : "") + (value === null ? "none" : number(value) + (chart.unit ? " " + chart.unit : ""));
      });
      output.textContent = words.join(" · ");
    });
    find("cursor-time").textContent = at === null ? "" : "at " + seconds(at);
  };

  // The state of a node: its lane is exact, how far it is was read now and then.
  const laneAt = function (node, at) {
    const index = lastAt(node.spans, at, first);
    return index >= 0 && (at < node.spans[index][1] || node.spans[index][1] >= end) ? node.spans[index] : null;
  };
  const readingAt = function (node, at) {
    const index = lastAt(node.readings, at, first);
    return index < 0 ? null : node.readings[index];
  };
  const windowAt = function (at) {
    return data.windows.find(function (window) { return at >= window.from && at <= window.to; }) || null;
  };
  const factsAt = function (window, slot, at) {
    const facts = {};
    window.facts.forEach(function (fact) { if (fact[0] === slot) facts[fact[1]] = fact[2]; });
    window.events.forEach(function (event) {
      if (event.at <= at && event.slot === slot) {
        if (event.what === "observe") facts[event.kind] = event.text;
        if (event.what === "crash") Object.keys(facts).forEach(function (kind) { delete facts[kind]; });
      }
    });
    return facts;
  };

  const element = function (name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const row = function (cells, name) {
    const made = element("tr");
    cells.forEach(function (cell) { made.appendChild(element(name || "td", cell)); });
    return made;
  };
  const table = function (heads, rows) {
    const made = element("table"), head = element("thead"), body = element("tbody");
    head.appendChild(row(heads, "th"));
    rows.forEach(function (cells) { body.appendChild(row(cells)); });
    made.appendChild(head);
    made.appendChild(body);
    return made;
  };

  const states = function (at) {
    const window = windowAt(at);
    const node = chosen("node");
    const rows = data.nodes.filter(function (own) { return node === null || String(own.slot) === node; }).map(function (own) {
      const lane = laneAt(own, at), reading = readingAt(own, at);
      const facts = window ? factsAt(window, own.slot, at) : {};
      const said = Object.keys(facts).sort().map(function (kind) { return facts[kind]; }).join(" · ");
      const read = reading ? (reading[0] / 1e9).toFixed(3) + " s" : "";
      const shown = function (index) { return reading && reading[index] !== null ? String(reading[index]) : ""; };
      return [nameOf(own.slot), lane ? data.states[lane[2]] || "" : "not there", lane ? lane[3] : "", shown(1), shown(2), shown(3), read, said];
    });
    const heads = ["node", "role", "term or view", "position", "records", "durable", "which was read at", "latest observation of each kind"];
    const used = heads.map(function (_, index) { return rows.some(function (cells) { return cells[index] !== ""; }); });
    const kept = function (cells) { return cells.filter(function (_, index) { return used[index]; }); };
    return table(kept(heads), rows.map(kept));
  };

  // Messages that were sent and had neither arrived nor been lost.
  const flying = function (window, at) {
    const open = new Map();
    window.before.forEach(function (event) { open.set(event.id, event); });
    window.events.forEach(function (event) {
      if (event.at > at) return;
      if (event.what === "send") open.set(event.id, event);
      if (event.what === "deliver" || event.what === "lost") open.delete(event.id);
    });
    return Array.from(open.values()).filter(wantsEvent);
  };
  const most = 40;
  const flight = function (window, at) {
    const all = flying(window, at);
    const box = element("div");
    box.appendChild(element("h3", "In flight: " + all.length + (all.length === 1 ? " message" : " messages")));
    const list = element("ul", undefined, "flight");
    all.slice(0, most).forEach(function (event) {
      list.appendChild(element("li", nameOf(event.slot) + " -> " + nameOf(event.peer) + "  " + event.text + ", sent at " + (event.at / 1e9).toFixed(6) + " s"));
    });
    if (all.length > most) list.appendChild(element("li", (all.length - most) + " more", "quiet"));
    box.appendChild(list);
    return box;
  };
  const around = 12;
  const traced = function (window, at) {
    const events = window.events.filter(wantsEvent);
    const here = lastAt(events, at, function (event) { return event.at; });
    const box = element("div");
    box.appendChild(element("h3", "The trace around it"));
    const list = element("ol", undefined, "trace");
    for (let index = Math.max(0, here - around); index <= Math.min(events.length - 1, here + around); index += 1) {
      const item = element("li", events[index].line, events[index].at === at ? "here" : index <= here ? "past" : "next");
      item.dataset.at = events[index].at;
      item.tabIndex = 0;
      list.appendChild(item);
    }
    if (!list.firstChild) box.appendChild(element("p", "No event passes the filters here.", "quiet"));
    box.appendChild(list);
    return box;
  };
  const untraced = function (at) {
    const box = element("div");
    const kept = data.windows.map(function (window) { return (window.from / 1e9).toFixed(3) + " to " + (window.to / 1e9).toFixed(3) + " s"; });
    const where = kept.length ? "The trace is kept around the finding only (" + kept.join(", ") + ")." : "No trace is kept of a run without a finding.";
    box.appendChild(element("p", where + " It is left out here. " + (data.trace ? "This command writes it up to here:" : "Run it with --out, and replay its capsule with --trace."), "quiet"));
    if (data.trace) box.appendChild(element("code", data.trace.replace("TIME", (at / 1e9).toFixed(6) + "s")));
    return box;
  };
  const inForce = function (at) {
    const faults = data.faults.filter(function (fault) { return fault.at <= at && at <= (fault.until === null ? fault.at : fault.until); });
    return faults.length === 0 ? "No fault in force" : "In force: " + faults.map(function (fault) { return fault.text; }).join(" · ");
  };

  const show = function (at) {
    panel.textContent = "";
    if (at === null) return;
    panel.appendChild(element("h2", "At " + (at / 1e9).toFixed(6) + " s"));
    panel.appendChild(element("p", inForce(at), "quiet"));
    const scroll = element("div", undefined, "scroll");
    scroll.tabIndex = 0;
    scroll.appendChild(states(at));
    panel.appendChild(scroll);
    const window = windowAt(at);
    const sides = element("div", undefined, "sides");
    if (window) { sides.appendChild(traced(window, at)); sides.appendChild(flight(window, at)); } else sides.appendChild(untraced(at));
    panel.appendChild(sides);
  };
  const move = function (at) {
    cursor = at;
    place();
    readings(at);
  };
  const pin = function (at) {
    pinned = true;
    move(Math.max(0, Math.min(end, at)));
    if (cursor < range[0] || cursor > range[1]) {
      const half = (range[1] - range[0]) / 2;
      zoom(cursor - half, cursor + half);
    }
    root.classList.add("pinned");
    show(cursor);
    remember();
  };
  const step = function (direction) {
    const all = stops();
    const at = cursor === null ? (direction > 0 ? -1 : end + 1) : cursor;
    const index = direction > 0 ? all.findIndex(function (stop) { return stop > at; }) : lastAt(all, at - 1, Number);
    if (index >= 0 && index < all.length) pin(all[index]);
  };

  const filtered = function () {
    const node = chosen("node"), family = chosen("fault");
    root.querySelectorAll("[data-slot]").forEach(function (e) { e.classList.toggle("dim", node !== null && e.dataset.slot !== node); });
    root.querySelectorAll("[data-family]").forEach(function (e) { e.classList.toggle("dim", family !== null && e.dataset.family !== family); });
    if (pinned) show(cursor);
    remember();
  };
  Object.keys(filters).forEach(function (name) { if (filters[name]) filters[name].addEventListener("change", filtered); });

  // The pointer: it moves the cursor, a click pins it, a drag zooms.
  const area = root.querySelector(".plots");
  const under = function (event) {
    const box = overlay.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return share < 0 || share > 1 ? null : Math.round(range[0] + share * (range[1] - range[0]));
  };
  let start = null;
  area.addEventListener("pointermove", function (event) {
    const at = under(event);
    if (start !== null && at !== null) {
      const [from, to] = [Math.min(start, at), Math.max(start, at)];
      brush.setAttribute("x", percent(from));
      brush.setAttribute("width", ((to - from) * 100 / (range[1] - range[0])) + "%");
      brush.setAttribute("visibility", "visible");
    }
    if (!pinned && at !== null) move(at);
  });
  area.addEventListener("pointerleave", function () { if (!pinned) move(null); });
  area.addEventListener("pointerdown", function (event) {
    if (event.button === 0 && !event.target.closest("summary, details")) start = under(event);
  });
  addEventListener("pointerup", function (event) {
    if (start === null) return;
    const at = under(event), from = start;
    start = null;
    brush.setAttribute("visibility", "hidden");
    if (at === null) return;
    const wide = Math.abs(at - from) / (range[1] - range[0]) > 0.01;
    if (wide) zoom(Math.min(from, at), Math.max(from, at)); else pin(at);
  });
  area.addEventListener("dblclick", function () { zoom(0, end); });

  const keys = {
    n: function () { step(1); }, p: function () { step(-1); },
    ArrowRight: function () { pin((cursor === null ? range[0] : cursor) + Math.round((range[1] - range[0]) / 200)); },
    ArrowLeft: function () { pin((cursor === null ? range[1] : cursor) - Math.round((range[1] - range[0]) / 200)); },
    "+": function () { zoomBy(0.5); }, "=": function () { zoomBy(0.5); }, "-": function () { zoomBy(2); },
    0: function () { zoom(0, end); },
    Escape: function () { pinned = false; root.classList.remove("pinned"); move(null); show(null); remember(); },
  };
  const zoomBy = function (factor) {
    const middle = cursor === null ? (range[0] + range[1]) / 2 : cursor;
    const half = (range[1] - range[0]) * factor / 2;
    zoom(middle - half, middle + half);
  };
  root.addEventListener("keydown", function (event) {
    const own = keys[event.key];
    if (!own || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input")) return;
    own();
    event.preventDefault();
  });
  find("next-event").addEventListener("click", function () { step(1); });
  find("previous-event").addEventListener("click", function () { step(-1); });
  find("whole").addEventListener("click", function () { zoom(0, end); });

  // A step of the story, or a line of the trace, is a moment.
  const go = function (event) {
    const item = event.target.closest("[data-at]");
    if (item && (event.type === "click" || event.key === "Enter")) pin(Number(item.dataset.at));
  };
  document.querySelectorAll(".story, #moment").forEach(function (box) {
    box.addEventListener("click", go);
    box.addEventListener("keydown", go);
  });
  addEventListener("hashchange", recall);
  addEventListener("resize", drawTicks);
  recall();
})();
