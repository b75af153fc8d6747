"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  const svg = by("picture"), view = by("view"), viewport = by("viewport"), panel = by("panel"), divider = by("divider");
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  svg.removeAttribute("viewBox");

  // Elements are made of text only: nothing of a program is ever read as HTML.
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "onclick") element.addEventListener("click", value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  const nodes = new Map([...svg.querySelectorAll(".node")].map((element) => [element.dataset.id, element]));
  const places = new Map();
  const measure = () => {
    // Places in the picture's own coordinates, of the transforms that the nodes are nested in.
    const walk = (element, x, y) => {
      for (const child of element.children) {
        if (!child.classList.contains("node")) continue;
        const [dx, dy] = child.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
        const box = child.firstElementChild;
        const place = { x: x + dx, y: y + dy, w: +box.getAttribute("width"), h: +box.getAttribute("height") };
        places.set(child.dataset.id, place);
        walk(child, place.x, place.y);
      }
    };
    walk(view, 0, 0);
  };
  measure();

  // ---- pan and zoom
  let scale = 1, left = 0, top = 0, frame = 0;
  const draw = () => {
    frame = 0;
    view.setAttribute("transform", `translate(${left} ${top}) scale(${scale})`);
  };
  const changed = () => { if (!frame) frame = requestAnimationFrame(draw); };
  const zoom = (factor, x = viewport.clientWidth / 2, y = viewport.clientHeight / 2) => {
    const next = Math.min(4, Math.max(0.02, scale * factor));
    left = x - (x - left) * (next / scale);
    top = y - (y - top) * (next / scale);
    scale = next;
    changed();
  };
  const fit = () => {
    const w = viewport.clientWidth, h = viewport.clientHeight;
    scale = Math.min(1.25, w / width, h / height);
    left = (w - (width - 32) * scale) / 2;
    top = (h - (height - 32) * scale) / 2;
    changed();
  };
  const reveal = (id) => {
    const place = places.get(id);
    if (scale < 0.5) {
      scale = 1;
      left = viewport.clientWidth / 2 - (place.x + place.w / 2) * scale;
      top = viewport.clientHeight / 2 - (place.y + place.h / 2) * scale;
    }
    const margin = 40, x = place.x * scale + left, y = place.y * scale + top;
    const beyond = (at, size, room) => {
      if (size > room - 2 * margin) return margin - at;
      return at < margin ? margin - at : at + size > room - margin ? room - margin - at - size : 0;
    };
    left += beyond(x, place.w * scale, viewport.clientWidth);
    top += beyond(y, place.h * scale, viewport.clientHeight);
    changed();
  };

  viewport.addEventListener("wheel", (event) => {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : 1;
    if (event.ctrlKey || !event.shiftKey) {
      const box = viewport.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY * unit * 0.0016), event.clientX - box.left, event.clientY - box.top);
    } else {
      left -= (event.deltaX || event.deltaY) * unit;
      changed();
    }
  }, { passive: false });

  const pointers = new Map();
  let moved = 0;
  viewport.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    moved = 0;
  });
  viewport.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before[0], dy = event.clientY - before[1];
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved < 4) return;
    if (!viewport.classList.contains("moving")) {
      viewport.classList.add("moving");
      viewport.setPointerCapture(event.pointerId);
    }
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const far = (x, y) => Math.hypot(x - other[0], y - other[1]) || 1;
      const box = viewport.getBoundingClientRect();
      zoom(far(event.clientX, event.clientY) / far(...before), other[0] - box.left, other[1] - box.top);
    } else {
      left += dx;
      top += dy;
      changed();
    }
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  const released = (event) => {
    pointers.delete(event.pointerId);
    if (!pointers.size) viewport.classList.remove("moving");
  };
  viewport.addEventListener("pointerup", released);
  viewport.addEventListener("pointercancel", released);

  // ---- which node is current: one stop of the Tab key for the whole picture
  let current = svg.querySelector(".node")?.dataset.id, chosen = "";
  const focus = (id) => {
    nodes.get(current)?.setAttribute("tabindex", "-1");
    current = id;
    const element = nodes.get(id);
    element.setAttribute("tabindex", "0");
    element.focus({ preventScroll: true });
    viewport.scrollTo(0, 0);
    reveal(id);
  };
  nodes.get(current)?.setAttribute("tabindex", "0");
  const sides = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const step = (key) => {
    const [dx, dy] = sides[key], from = places.get(current);
    const middle = (place) => [place.x + place.w / 2, place.y + place.h / 2];
    const [x, y] = middle(from);
    const holds = (outer, inner) =>
      outer !== inner && outer.x <= inner.x && outer.y <= inner.y && outer.x + outer.w >= inner.x + inner.w && outer.y + outer.h >= inner.y + inner.h;
    let best = null, least = Infinity;
    for (const [id, place] of places) {
      if (id === current) continue;
      // A node that holds others is entered with → or ↓ and left with ← or ↑.
      let along, across;
      if (holds(from, place) || holds(place, from)) {
        if (holds(from, place) !== (dx + dy > 0)) continue;
        along = Math.abs(place.x - from.x) + Math.abs(place.y - from.y);
        across = 0;
      } else {
        const [px, py] = middle(place);
        along = (px - x) * dx + (py - y) * dy;
        across = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
        if (along < 8) continue;
      }
      const cost = along + 2.2 * across;
      if (cost < least) [least, best] = [cost, id];
    }
    if (best !== null) focus(best);
  };

  // ---- details
  const link = (id) => nodes.has(id) ? make("button", { type: "button", class: "link", onclick: () => open(id) }, id) : make("span", {}, id);
  const table = (heads, rows) => {
    const body = make("table", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head))));
    for (const row of rows) body.append(make("tr", {}, ...row.map((cell) => make("td", {}, cell))));
    return body;
  };
  const value = (text, read) => {
    const cell = make("span", {}, make("span", { class: "pipec-value" }, text));
    for (const id of read.filter((one) => nodes.has(one))) cell.append(" ", link(id));
    return cell;
  };
  const section = (title, ...content) => [make("h3", {}, title), ...content];
  const column = (title, note, ...content) =>
    make("article", { class: "column", tabindex: "0", "aria-label": title }, make("h2", {}, title, make("small", {}, note)), ...content);
  const rows = (pairs) => table(["name", "value"], pairs.map(([name, text]) => [name, make("span", { class: "pipec-value" }, text)]));

  const facts = (it) => {
    const content = [];
    if (it.kind === "step") {
      content.push(make("p", { class: "faint" }, `${it.symbol} · defined in ${it.place} · called in ${it.called}`));
      if (it.doc) content.push(make("p", {}, it.doc));
      if (it.instances.length) content.push(...section("State", table(["execution", "state"], it.instances.map(([name, state]) => [name, state.replace("_", " ")]))));
      content.push(...section("Inputs", it.inputs.length ? table(["name", "type", "value"], it.inputs.map(([name, type, text, read]) => [name, type, value(text, read)])) : make("p", {}, "none")));
      content.push(...section("Outputs", it.outputs.length ? table(["name", "type", "travels as"], it.outputs.map(([name, type, carrier]) => [name, type, carrier === "both" ? "artifact and parameter" : carrier])) : make("p", {}, "none")));
      if (it.label) content.push(...section("Label of an iteration", make("p", {}, it.label)));
    } else {
      content.push(make("p", { class: "faint" }, `${it.id} · in ${it.called}`));
      content.push(...section({ loop: "Loop", choice: "Arms", group: "Nested pipeline" }[it.kind], table(["", ""], it.inputs.map(([name, text, read]) => [name, value(text, read)]))));
      if (it.results.length) content.push(...section("Results", table(["name", "value"], it.results.map(([name, text, read]) => [name, value(text, read)]))));
    }
    if (it.after.length) content.push(...section("Waits for", make("p", {}, ...it.after.flatMap((id) => [link(id), " "]))));
    if (it.kind === "step") {
      content.push(...section("Settings", it.settings.length ? rows(it.settings) : make("p", {}, "defaults")));
      content.push(...section("Image", make("p", { class: "pipec-value" }, it.image)));
      if (it.requirements.length) content.push(...section("Requirements", make("p", { class: "pipec-value" }, it.requirements.join("\n"))));
      if (it.files.length) content.push(...section("Files", make("p", { class: "pipec-value" }, it.files.join("\n"))));
    }
    return content;
  };

  const show = (title, columns) => {
    panel.replaceChildren(make("div", { class: "columns" }, ...columns));
    columns[0].prepend(make("button", { type: "button", class: "close", onclick: close, "aria-label": "Close the details", title: "Close (Esc)" }, "×"));
    panel.hidden = divider.hidden = false;
    panel.setAttribute("aria-label", `Details of ${title}`);
  };
  const open = (node) => {
    const id = node.split(":")[0], it = data.details[data.details[node] ? node : id];
    nodes.get(chosen)?.classList.remove("chosen");
    chosen = node;
    nodes.get(node).classList.add("chosen");
    for (const edge of svg.querySelectorAll(".edge")) edge.classList.toggle("near", edge.dataset.from === node || edge.dataset.to === node);
    const columns = [column(it.id, it.kind === "step" && it.step !== it.id ? it.step : "", ...facts(it))];
    if (it.kind === "step") {
      columns.push(column("Source", it.place, make("pre", {}, it.source || "not in the project")));
      for (const target of data.targets) {
        const text = target.refusal || target.blocks[it.id] || `The file gives this step another name: look for ${it.symbol}.`;
        columns.push(column(target.title, target.file, target.refusal ? make("p", {}, text) : make("pre", {}, text)));
      }
    }
    show(it.id, columns);
    focus(node);
  };
  const close = () => {
    panel.hidden = divider.hidden = true;
    nodes.get(chosen)?.classList.remove("chosen");
    for (const edge of svg.querySelectorAll(".near")) edge.classList.remove("near");
    chosen = "";
    if (panel.contains(document.activeElement) || document.activeElement === document.body) nodes.get(current)?.focus({ preventScroll: true });
  };
  const about = () => {
    const content = [make("p", { class: "faint" }, `${data.source} · ${data.place}`), make("p", {}, data.doc)];
    content.push(...section("Parameters", data.parameters.length ? table(["name", "type", "default", ""], data.parameters.map(([name, type, text, doc]) => [name, type, make("span", { class: "pipec-value" }, text), doc])) : make("p", {}, "none")));
    if (data.frozen.length) content.push(...section("Fixed when compiled", rows(data.frozen)));
    if (data.outputs.length) content.push(...section("Outputs", table(["name", "type", "value"], data.outputs)));
    content.push(...section("Settings", data.settings.length ? rows(data.settings) : make("p", {}, "defaults")));
    if (data.run) content.push(...section("Run", make("p", {}, data.run)));
    show(data.name, [column(data.name, "pipeline", ...content)]);
    panel.focus();
  };
  svg.addEventListener("click", (event) => {
    const node = event.target.closest(".node");
    if (moved < 4 && node) open(node.dataset.id);
  });
  svg.addEventListener("focusin", (event) => {
    const node = event.target.closest(".node");
    if (node && node.dataset.id !== current) { nodes.get(current)?.setAttribute("tabindex", "-1"); current = node.dataset.id; node.setAttribute("tabindex", "0"); }
  });

  // ---- the divider
  const grow = (pixels) => { panel.style.height = `${Math.min(window.innerHeight - 200, Math.max(120, panel.offsetHeight + pixels))}px`; };
  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    let y = event.clientY;
    const move = (next) => { grow(y - next.clientY); y = next.clientY; };
    divider.addEventListener("pointermove", move);
    divider.addEventListener("pointerup", () => divider.removeEventListener("pointermove", move), { once: true });
  });
  divider.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    event.stopPropagation();
    grow(event.key === "ArrowUp" ? 40 : -40);
  });

  // ---- search
  const search = by("search"), hits = by("hits");
  const texts = new Map(Object.values(data.details).filter((it) => it.kind === "step")
    .map((it) => [it.id, `${it.id}\n${it.step}\n${it.symbol}\n${it.label}\n${it.doc}`.toLowerCase()]));
  let found = [], at = -1;
  const look = () => {
    const wanted = search.value.trim().toLowerCase();
    found = wanted ? [...texts].filter(([, text]) => text.includes(wanted)).map(([id]) => id) : [];
    at = -1;
    const chosenOnes = new Set(found);
    for (const id of texts.keys()) nodes.get(id).classList.toggle("hit", chosenOnes.has(id));
    svg.classList.toggle("searching", wanted !== "");
    hits.textContent = wanted ? `${found.length} of ${texts.size}` : "";
  };
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && found.length) {
      event.preventDefault();
      at = (at + (event.shiftKey ? found.length - (at < 0 ? 0 : 1) : 1)) % found.length;
      hits.textContent = `${at + 1} of ${found.length}`;
      open(found[at]);
      search.focus();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      search.value = "";
      look();
      nodes.get(current)?.focus({ preventScroll: true });
    }
  });

  // ---- keys
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, dialog");
    if (event.key === "Escape" && !by("help").open) return close();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const inPicture = viewport.contains(event.target) || event.target === document.body;
    const actions = {
      "/": () => search.focus(), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8),
      "0": fit, "?": () => by("help").showModal(), "i": about,
    };
    if (actions[event.key]) actions[event.key]();
    else if (inPicture && sides[event.key] && event.shiftKey) {
      left -= sides[event.key][0] * 80;
      top -= sides[event.key][1] * 80;
      changed();
    } else if (inPicture && sides[event.key] && current) step(event.key);
    else if (inPicture && (event.key === "Enter" || event.key === " ") && event.target.closest(".node")) open(current);
    else return;
    event.preventDefault();
  });

  // ---- the head
  by("name").append(data.name, make("small", {}, data.source));
  for (const [state, count] of data.states) {
    const square = make("i", {});
    square.style.setProperty("--it", `var(--${state})`);
    const item = make("span", { role: "listitem" }, square, `${state.replace("_", " ")} ${count}`);
    by("states").append(item);
  }
  by("about").addEventListener("click", about);
  by("zoom-in").addEventListener("click", () => zoom(1.25));
  by("zoom-out").addEventListener("click", () => zoom(0.8));
  by("fit").addEventListener("click", fit);
  by("keys").addEventListener("click", () => by("help").showModal());
  fit();
  if (scale < 0.3) { // too small to read: begin where the pipeline begins
    scale = Math.min(0.9, Math.max(0.5, viewport.clientHeight / height));
    left = 16;
    top = Math.max(16, (viewport.clientHeight - height * scale) / 2);
  }
  document.documentElement.dataset.ready = "true";
})();
