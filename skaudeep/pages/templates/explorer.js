"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const n = data.files.length;

  // Okabe and Ito's colours without the two that are hard to see on white, and an indigo; then the next symbol.
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#332288", "#8a8300"];
  const SYMBOLS = {
    "circle": "M7 1.5a5.5 5.5 0 1 0 .01 0Z",
    "square": "M2 2h10v10h-10Z",
    "diamond": "M7 .5 13.5 7 7 13.5 .5 7Z",
    "triangle-up": "M7 1 13.5 12.5H.5Z",
    "cross": "M5 1h4v4h4v4h-4v4h-4v-4h-4v-4h4Z",
    "triangle-down": "M7 13 .5 1.5H13.5Z",
    "x": "M4 1 7 4 10 1 13 4 10 7 13 10 10 13 7 10 4 13 1 10 4 7 1 4Z",
    "star": "M7 .5 8.6 5H13.4L9.6 8 11 12.8 7 10 3 12.8 4.4 8 .6 5H5.4Z",
  };
  const UNKNOWN = { colour: "#9aa2ab", symbol: "circle" };
  const MOST_IN_SVG = 1000;
  const MOST_LISTED = 100;

  const state = { projection: 0, field: 0, hidden: new Set(), found: null, selected: -1 };
  const chart = byId("chart");
  const size = n <= 500 ? 10 : n <= 2000 ? 8 : n <= 10000 ? 6 : 4;
  const kind = n > MOST_IN_SVG && hasWebGL() ? "scattergl" : "scatter";
  let shown = [];

  function hasWebGL() {
    try {
      const context = document.createElement("canvas").getContext("webgl");
      context?.getExtension("WEBGL_lose_context")?.loseContext();
      return context !== null;
    } catch {
      return false;
    }
  }

  function element(name, properties = {}, children = []) {
    const result = Object.assign(document.createElement(name), properties);
    result.append(...children);
    return result;
  }

  // -------------------------------------------------------------------------------------------------- what is known

  const style = (code) => code < 0 ? UNKNOWN : {
    colour: COLOURS[code % COLOURS.length],
    symbol: Object.keys(SYMBOLS)[Math.floor(code / COLOURS.length) % Object.keys(SYMBOLS).length],
  };

  /** The value of a field as text, null where it is not known. */
  function value(field, i) {
    if (field.numbers) return field.numbers[i] === null ? null : String(field.numbers[i]);
    return field.codes[i] < 0 ? null : field.values[field.codes[i]];
  }

  const texts = data.files.map((file, i) =>
    [file, ...data.fields.map((field) => value(field, i) ?? "")].join("\n").toLowerCase());

  // ------------------------------------------------------------------------------------------------------- the chart

  function draw() {
    const projection = data.projections[state.projection];
    const field = data.fields[state.field];
    const visible = [...texts.keys()].filter((i) => !field?.codes || !state.hidden.has(field.codes[i]));
    const isKnown = (i) => !field?.numbers || field.numbers[i] !== null;
    shown = [visible.filter(isKnown), visible.filter((i) => !isKnown(i))];
    const traces = shown.map((points, k) => trace(projection, field, points, k === 1));
    if (state.selected >= 0) {
      traces.push({
        type: kind, mode: "markers", hoverinfo: "skip",
        x: [projection.x[state.selected]], y: [projection.y[state.selected]],
        marker: { size: size + 9, color: "#000000", symbol: "circle-open", line: { width: 2.5, color: "#000000" } },
      });
    }
    Plotly.react(chart, traces, layout(projection), {
      displaylogo: false, responsive: true, scrollZoom: true, doubleClick: "reset", showTips: false,
      // a list of our own, as Plotly's may offer to send the data away
      modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
      showSendToCloud: false, plotlyServerURL: "",
    });
  }

  function trace(projection, field, points, isUnknown) {
    const marker = {
      size, line: { width: 0.6, color: "#ffffff" },
      opacity: state.found ? points.map((i) => (state.found.has(i) ? 1 : 0.1)) : 0.85,
    };
    if (isUnknown) marker.color = UNKNOWN.colour;
    else if (field?.numbers) {
      Object.assign(marker, {
        color: points.map((i) => field.numbers[i]), colorscale: "Viridis", showscale: points.length > 0,
        colorbar: { thickness: 14, outlinewidth: 0, title: { text: plain(field.name), side: "right" } },
      });
    } else {
      const styles = points.map((i) => style(field ? field.codes[i] : 0));
      marker.color = styles.map((one) => one.colour);
      marker.symbol = styles.map((one) => one.symbol);
    }
    return {
      type: kind, mode: "markers", hoverinfo: "none", marker,
      x: points.map((i) => projection.x[i]), y: points.map((i) => projection.y[i]),
    };
  }

  /** Text that Plotly shows as it is, and not as elements; a long one would not fit. */
  function plain(text) {
    const short = text.length > 40 ? `${text.slice(0, 39)}…` : text;
    return short.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  }

  function layout(projection) {
    const named = projection.axes[0] !== "";
    const axis = (title) => ({
      title: { text: title, standoff: 8 }, showticklabels: named, gridcolor: "#e8ebee", zeroline: false,
      showline: false, ticks: "",
    });
    return {
      uirevision: projection.name, hovermode: "closest", dragmode: "pan", showlegend: false,
      margin: { l: named ? 55 : 20, r: 20, t: 34, b: named ? 50 : 20 },
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: "#1b2126" },
      paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff",
      xaxis: axis(projection.axes[0]), yaxis: { ...axis(projection.axes[1]), scaleanchor: "x" },
    };
  }

  const pointOf = (event) => shown[event.points[0].curveNumber]?.[event.points[0].pointNumber] ?? -1;

  // ------------------------------------------------------------------------------------------------------- the cards

  function fill(card, i) {
    const rows = data.chunks ? [["Chunk", String(data.chunks[i])]] : [];
    rows.push(...data.fields.map((field) => [field.name, value(field, i)]));
    const list = element("dl", {}, rows.flatMap(([name, text]) => [
      element("dt", { textContent: name }),
      element("dd", text === null ? { textContent: "unknown", className: "missing" } : { textContent: text }),
    ]));
    card.replaceChildren(...thumbnail(i), element("p", { className: "file", textContent: data.files[i] }), list);
  }

  const sheets = new Map();

  /** A canvas with the spectrogram of a point; the sheet that holds it is decoded when it is first needed. */
  function thumbnail(i) {
    const all = data.sheets;
    if (!all) return [];
    const place = all.places[i];
    if (place < 0) return [element("p", { className: "empty missing", textContent: "no spectrogram" })];
    const canvas = element("canvas", { width: all.width, height: all.height });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "Spectrogram");
    const perSheet = all.columns * all.rows;
    const sheet = Math.floor(place / perSheet);
    const x = (place % perSheet) % all.columns * all.width;
    const y = Math.floor((place % perSheet) / all.columns) * all.height;
    const paint = (image) => {
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, x, y, all.width, all.height, 0, 0, all.width, all.height);
      const picture = context.getImageData(0, 0, all.width, all.height);
      for (let at = 0; at < picture.data.length; at += 4) picture.data.set(palette[picture.data[at]], at);
      context.putImageData(picture, 0, 0);
    };
    if (!sheets.has(sheet)) {
      const image = new Image();
      image.src = all.images[sheet];
      sheets.set(sheet, image.decode().then(() => image));
    }
    sheets.get(sheet).then(paint);
    return [canvas];
  }

  const palette = (data.sheets?.palette.match(/.{6}/g) ?? []).map((colour) =>
    [0, 2, 4].map((at) => parseInt(colour.slice(at, at + 2), 16)));

  function showHover(i, event) {
    if (matchMedia("(hover: none)").matches) return; // a touch selects at once
    const card = byId("hover");
    fill(card, i);
    card.hidden = false;
    const { width, height } = card.getBoundingClientRect();
    const right = event.clientX + 16 + width < innerWidth;
    const left = right ? event.clientX + 16 : Math.max(event.clientX - 16 - width, 4);
    card.style.left = `${left}px`;
    card.style.top = `${Math.max(4, Math.min(event.clientY + 16, innerHeight - height - 4))}px`;
  }

  // ------------------------------------------------------------------------------------------- selecting and playing

  function select(i, { play = false } = {}) {
    state.selected = i;
    byId("selected").hidden = false;
    fill(byId("selected").querySelector(".card"), i);
    load(i, play);
    draw();
  }

  function load(i, play) {
    if (!data.sounds) return;
    const player = byId("player");
    const place = data.sounds.places[i];
    player.hidden = place < 0;
    if (place < 0) {
      player.removeAttribute("src");
      player.load();
      say(data.sounds.embedded ? "This recording is not in the page." : "The recording was not found.");
      return;
    }
    say(data.chunks ? "The whole recording, of which this is a chunk." : "");
    if (player.getAttribute("src") !== data.sounds.addresses[place]) player.src = data.sounds.addresses[place];
    if (play) {
      player.currentTime = 0;
      player.play().catch(() => {}); // an error of the file shows below, and a browser may want a click first
    }
  }

  function say(text) {
    byId("sound").textContent = text;
    byId("sound").hidden = text === "";
  }

  byId("player").addEventListener("error", () => {
    const where = data.sounds.embedded ? "" : " It may have been moved away from the page, or be of a kind that browsers do not play.";
    if (byId("player").hasAttribute("src")) say(`This recording cannot be played.${where}`);
  });

  // ------------------------------------------------------------------------------------------------------ the legend

  function drawLegend() {
    const field = data.fields[state.field];
    const legend = byId("legend");
    const isScale = field?.numbers !== undefined;
    const nUnknown = isScale ? field.numbers.filter((number) => number === null).length : 0;
    legend.hidden = !field || (isScale && nUnknown === 0);
    if (legend.hidden) return;
    legend.querySelector(".buttons").hidden = isScale;
    if (isScale) {
      legend.querySelector("h2").textContent = field.name;
      legend.querySelector("ul").replaceChildren(unknownItem(nUnknown));
      return;
    }
    const counts = new Map();
    for (const code of field.codes) counts.set(code, (counts.get(code) ?? 0) + 1);
    const codes = [...counts.keys()].sort((a, b) => (a < 0) - (b < 0) || a - b);
    legend.querySelector("h2").textContent = field.name;
    legend.querySelector("ul").replaceChildren(...codes.map((code) => legendItem(field, code, counts.get(code))));
    byId("all").onclick = () => hide([]);
    byId("none").onclick = () => hide(codes);

    function hide(hidden) {
      state.hidden = new Set(hidden);
      for (const item of legend.querySelectorAll("li")) {
        const isHidden = state.hidden.has(Number(item.dataset.code));
        item.classList.toggle("hidden", isHidden);
        item.querySelector("input").checked = !isHidden;
      }
      draw();
    }

    function legendItem(field, code, count) {
      const name = code < 0 ? "unknown" : field.values[code];
      const box = element("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () =>
        hide(codes.filter((other) => (other === code ? !box.checked : state.hidden.has(other)))));
      const only = element("button", { type: "button", textContent: "only", ariaLabel: `Show only ${name}` });
      only.addEventListener("click", () => hide(codes.filter((other) => other !== code)));
      const label = element("label", { title: name }, [
        box, swatch(style(code)), element("span", { className: code < 0 ? "name missing" : "name", textContent: name }),
        element("span", { className: "number", textContent: String(count) }),
      ]);
      const item = element("li", {}, [label, only]);
      item.dataset.code = String(code);
      return item;
    }
  }

  /** What the points are that a scale of colours does not tell. */
  function unknownItem(count) {
    return element("li", {}, [element("label", {}, [
      swatch(UNKNOWN), element("span", { className: "name missing", textContent: "unknown" }),
      element("span", { className: "number", textContent: String(count) }),
    ])]);
  }

  function swatch({ colour, symbol }) {
    const create = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
    const picture = create("svg");
    const path = create("path");
    picture.setAttribute("viewBox", "0 0 14 14");
    picture.setAttribute("aria-hidden", "true");
    path.setAttribute("d", SYMBOLS[symbol]);
    path.setAttribute("fill", colour);
    picture.append(path);
    return picture;
  }

  // ------------------------------------------------------------------------------------------------------ the search

  function search() {
    const wanted = byId("search").value.trim().toLowerCase();
    const found = wanted === "" ? null : [...texts.keys()].filter((i) => texts[i].includes(wanted));
    state.found = found && new Set(found);
    byId("found").hidden = found === null;
    if (found) {
      const more = found.length > MOST_LISTED ? `, the first ${MOST_LISTED}:` : "";
      byId("count").textContent = `${found.length} of ${n} found${more}`;
      byId("matches").replaceChildren(...found.slice(0, MOST_LISTED).map(match));
    }
    draw();
  }

  function match(i) {
    const more = [data.chunks && `chunk ${data.chunks[i]}`, data.fields[0] && value(data.fields[0], i)];
    const button = element("button", { type: "button" }, [
      data.files[i], " ", element("small", { textContent: more.filter((text) => text).join(", ") }),
    ]);
    button.addEventListener("click", () => select(i, { play: true }));
    return element("li", {}, [button]);
  }

  // ---------------------------------------------------------------------------------------------------- the keyboard

  const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  /** The visible point that lies next in a direction; what lies aside counts twice as far. */
  function next([right, up]) {
    const { x, y } = data.projections[state.projection];
    const visible = shown.flat().filter((i) => !state.found || state.found.has(i));
    if (state.selected < 0) return visible[0] ?? -1;
    let best = -1;
    let least = Infinity;
    for (const i of visible) {
      const dx = x[i] - x[state.selected];
      const dy = y[i] - y[state.selected];
      const ahead = dx * right + dy * up;
      const aside = Math.abs(dx * up) + Math.abs(dy * right);
      const cost = ahead + 2 * aside;
      if (ahead > 0 && aside <= 2 * ahead && cost < least) [best, least] = [i, cost];
    }
    return best;
  }

  chart.addEventListener("keydown", (event) => {
    if (event.key in DIRECTIONS) {
      const i = next(DIRECTIONS[event.key]);
      if (i >= 0) select(i);
    } else if (event.key === "Enter" && state.selected >= 0) load(state.selected, true);
    else return;
    event.preventDefault();
  });

  // ----------------------------------------------------------------------------------------------------------- start

  function options(select, names, choose) {
    select.replaceChildren(...names.map((name, i) => element("option", { value: String(i), textContent: name })));
    select.disabled = names.length < 2;
    select.addEventListener("change", () => choose(Number(select.value)));
  }

  options(byId("projection"), data.projections.map((projection) => projection.name), (i) => {
    state.projection = i;
    draw();
  });
  options(byId("colour"), data.fields.map((field) => field.name), (i) => {
    state.field = i;
    state.hidden.clear();
    drawLegend();
    draw();
  });
  let waiting;
  byId("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120);
  });

  drawLegend();
  draw();
  chart.on("plotly_hover", (event) => pointOf(event) >= 0 && showHover(pointOf(event), event.event));
  chart.on("plotly_unhover", () => { byId("hover").hidden = true; });
  chart.on("plotly_click", (event) => pointOf(event) >= 0 && select(pointOf(event), { play: true }));
})();
