// Everything works without this. It keeps the page fresh, draws the charts and copies commands.
"use strict";

(() => {
  const SHAPES = { ok: "✓", watch: "▲", critical: "●" };

  function show(pulse, tone, text) {
    if (pulse.dataset.tone !== tone) {
      pulse.dataset.tone = tone;
      pulse.querySelector(".shape").textContent = SHAPES[tone];
    }
    const place = pulse.querySelector(".text");
    if (place.textContent !== text) place.textContent = text;
  }

  // A page that somebody types on, or reads with the keyboard, is not changed under their hands.
  function busy() {
    const at = document.activeElement;
    const main = document.getElementById("main");
    return (at && at !== main && main.contains(at)) || main.querySelector("details[open]:not(.fold)") || !getSelection().isCollapsed;
  }

  async function renew() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = made.getElementById("main");
    if (!main || busy()) return;
    document.getElementById("main").replaceWith(main);
    begin(main);
  }

  function listen(pulse) {
    if (!window.EventSource) return;
    const events = new EventSource("/events");
    let mark = pulse.dataset.mark;
    let stale = false;
    events.addEventListener("pulse", (event) => {
      const told = JSON.parse(event.data);
      show(pulse, told.tone, told.text);
      if (pulse.dataset.live === "1" && (told.mark !== mark || stale) && !busy()) {
        mark = told.mark;
        stale = false;
        renew();
      }
    });
    events.addEventListener("over", () => { events.close(); location.reload(); });
    events.onerror = () => {
      stale = true;
      show(pulse, "critical", pulse.dataset.stale);
    };
    addEventListener("pagehide", () => events.close());
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }

  function copying(root) {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll(".copy")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.dataset.from ? document.getElementById(button.dataset.from).value : button.previousElementSibling.textContent);
        button.textContent = button.dataset.done;
      });
    }
  }


  // The times of the table are those of the site's zone; the browser's own zone does not come in.
  function draw(root) {
    const figures = [...root.querySelectorAll(".chart")];
    if (!window.uPlot || !figures.length) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    for (const figure of figures) {
      const rows = [...figure.querySelectorAll("tbody tr")];
      if (rows.length < 2) continue;
      const labels = rows.map((row) => row.querySelector("time").textContent.trim());
      const clock = labels.map((label) => (label.match(/(\d\d:\d\d)/) || ["", label])[1]);
      const counts = rows.map((row) => Number(row.querySelector("[data-n]").dataset.n));
      const place = figure.querySelector(".plot");
      const usual = rows.map((row) => row.querySelector("[data-usual]")).filter(Boolean).map((cell) => Number(cell.dataset.usual));
      const hasUsual = usual.length === rows.length;
      // Over several days it is the day that counts: a line where one begins.
      const days = labels.map((label) => label.replace(/\s*\d\d:\d\d.*$/, ""));
      const begins = days.map((day, at) => at > 0 && day !== days[at - 1]);
      const isLong = begins.filter(Boolean).length > 2;
      // Else at each round hour; at most as many as there is room for.
      const hour = Number((clock[0] || "").slice(0, 2));
      const hourly = rows.length > 2 && clock.every((time, at) => Number(time.slice(0, 2)) === (hour + at) % 24);
      const ticks = (chart) => {
        const most = Math.max(2, Math.floor(chart.bbox.width / devicePixelRatio / (isLong ? 64 : 48)));
        if (isLong) {
          const places = counts.map((_, at) => at).filter((at) => begins[at]);
          return places.filter((_, place) => place % Math.ceil(places.length / most) === 0);
        }
        const step = hourly ? [1, 2, 3, 6, 12, 24, 48, 96].find((n) => rows.length / n <= most) || 168 : Math.ceil(rows.length / most);
        return counts.map((_, at) => at).filter((at) => (hourly ? (hour + at) % step === 0 : at % step === 0));
      };
      const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
      const chart = new uPlot({
        width: place.clientWidth || figure.clientWidth,
        height: 165,
        cursor: { sync: { key: "hours" }, drag: { x: false, y: false } },
        legend: { show: true, live: true },
        scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
        axes: [
          { ...axis, splits: ticks, values: (_, splits) => splits.map((at) => (isLong && days[at]) || clock[at] || ""), size: 30 },
          { ...axis, size: 60, values: (_, splits) => splits.map((n) => (Number.isInteger(n) ? n.toLocaleString("en") : "")) },
        ],
        series: [
          { label: figure.querySelector("thead th").textContent, value: (_, at) => (at == null ? "–" : labels[at] || "") },
          { label: figure.querySelector("th.n").textContent, stroke: colour("--series"), fill: colour("--fill"), width: 2,
            value: (_, n) => (n == null ? "–" : n.toLocaleString("en")) },
          ...(hasUsual ? [{ label: figure.querySelector("th.n + th.n").textContent, stroke: colour("--usual"), dash: [6, 4], width: 2, points: { show: false },
            value: (_, n) => (n == null ? "–" : n.toLocaleString("en")) }] : []),
        ],
      }, [counts.map((_, at) => at), counts, ...(hasUsual ? [usual] : [])], place);
      figure.classList.add("drawn");
      new ResizeObserver(() => {
        const width = Math.floor(place.clientWidth);
        if (width && width !== chart.width) chart.setSize({ width, height: 165 });
      }).observe(place);
    }
  }

  function begin(root) {
    copying(root);
    draw(root);
  }

  addEventListener("DOMContentLoaded", () => {
    begin(document);
    const tab = document.querySelector(".top nav [aria-current]");
    if (tab) tab.closest("nav").scrollLeft = tab.offsetLeft - tab.closest("nav").clientWidth / 2;
    const pulse = document.getElementById("pulse");
    if (pulse) listen(pulse);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (document.querySelector(".chart.drawn")) location.reload(); });
  });
})();
