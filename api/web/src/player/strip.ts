import { clock } from "../../../../court/page/live.js";
import { ticks } from "../time";
import { sortGaps } from "./holes";
import type { Fill, Gap, Texts, Timeline, Track } from "./model";

const LANE = 18;
const BAR = 10;
const TOP = 18; // room for the note marks
const AXIS = 22;
const SVG = "http://www.w3.org/2000/svg";

/** The strip under the recording: one lane per microphone, gaps hatched, notes marked; a click goes there. */
export class Strip {
  #svg: SVGSVGElement | undefined;
  #head: SVGElement | undefined;
  #hover: SVGElement | undefined;
  #tip: HTMLElement | undefined;
  #duration = 0;

  constructor(private readonly root: HTMLElement, private readonly texts: Texts, private readonly seek: (time: number) => void) {}

  draw(timeline: Timeline): void {
    this.#duration = Math.max(timeline.duration, 0.001);
    const gaps = sortGaps(timeline.gaps, timeline.tracks.length);
    const broken = (track: string): boolean => gaps.single.some((gap) => gap.track === track);
    const lanes = timeline.tracks.filter((one) => (one.kind === "audio" && !one.derived) || (one.kind === "video" && broken(one.track)));
    const height = TOP + lanes.length * LANE;
    const svg = element("svg", { width: "100%", height: height + AXIS, role: "slider", tabindex: 0, "aria-label": this.texts.timeline, "aria-valuemin": 0, "aria-valuemax": Math.round(timeline.duration) });
    svg.append(hatching("hatch"), hatching("hatch-fault"));
    for (const at of ticks(this.#duration, Math.max(3, Math.floor(this.root.clientWidth / 100)))) svg.append(...this.#tick(at, height));
    lanes.forEach((lane, index) => {
      const y = TOP + index * LANE + (LANE - BAR) / 2;
      const spoken = timeline.utterances.filter((one) => one.track === lane.track);
      svg.append(element("rect", { class: "lane", x: 0, y, width: "100%", height: BAR, rx: 3 }));
      svg.append(...spoken.map((one) => titled(this.#bar(one, y, BAR, one.flags.length ? "speech doubtful" : "speech", one.role), `${clock(one.start)} ${one.text}`)));
    });
    for (const gap of gaps.everywhere) svg.append(this.#gap(gap, TOP - 2, height - TOP + 4), ...this.#gapName(gap, (TOP + height) / 2));
    for (const gap of gaps.single) {
      const index = lanes.findIndex((lane) => lane.track === gap.track);
      if (index >= 0) svg.append(this.#gap(gap, TOP + index * LANE + 2, LANE - 4));
    }
    for (const fill of timeline.fills) {
      const index = lanes.findIndex((lane) => lane.track === fill.track);
      if (index >= 0) svg.append(this.#fill(fill, TOP + index * LANE + 2, LANE - 4));
    }
    for (const mute of timeline.mutes) {
      const index = lanes.findIndex((lane) => lane.track === mute.track);
      const span = { start: mute.start, end: mute.end ?? timeline.duration };
      if (index >= 0) svg.append(titled(this.#bar(span, TOP + index * LANE + 2, LANE - 4, "muted"), `${clock(span.start)} ${this.texts.muted}, ${clock(span.end - span.start)}`));
    }
    for (const note of timeline.notes) {
      const mark = element("circle", { class: "mark", cx: this.#x(note.at), cy: TOP / 2 - 1, r: 5 });
      svg.append(titled(mark, [clock(note.at), this.texts.templates[note.template] ?? note.template, note.text].filter(Boolean).join(" · ")));
    }
    this.#hover = element("line", { class: "hover", y1: 0, y2: height, visibility: "hidden" });
    this.#head = element("g", {});
    this.#head.append(element("line", { class: "playhead", y1: 2, y2: height + 2 }), element("circle", { class: "playhead-knob", cy: 3, r: 4 }));
    svg.append(this.#hover, this.#head);
    this.#svg = svg as SVGSVGElement;
    this.#listen(this.#svg);
    this.#mount(lanes, timeline);
  }

  /** Puts the playhead to `time`. */
  show(time: number): void {
    const x = this.#x(time);
    this.#head?.firstElementChild?.setAttribute("x1", x);
    this.#head?.firstElementChild?.setAttribute("x2", x);
    this.#head?.lastElementChild?.setAttribute("cx", x);
    this.#svg?.setAttribute("aria-valuenow", String(Math.floor(time)));
    this.#svg?.setAttribute("aria-valuetext", clock(time));
  }

  #mount(lanes: Track[], timeline: Timeline): void {
    const plot = html("div", "plot");
    const labels = html("div", "labels");
    for (const lane of lanes) {
      const text = lane.kind === "video" ? this.texts.picture : this.texts.roles[lane.role] ?? lane.role;
      const name = html("span", "role", text);
      name.dataset["role"] = lane.role;
      name.title = name.textContent ?? "";
      labels.append(name);
    }
    this.#tip = html("div", "tip");
    this.#tip.hidden = true;
    const area = html("div", "area");
    area.append(this.#svg as SVGSVGElement);
    plot.append(labels, area);
    this.root.replaceChildren(plot, this.#legend(timeline), this.#tip);
  }

  #legend(timeline: Timeline): HTMLElement {
    const legend = html("div", "legend");
    const entry = (kind: string, text: string): void => {
      const item = html("span", "", text);
      item.prepend(html("i", kind));
      legend.append(item);
    };
    if (timeline.gaps.some((gap) => gap.declared)) entry("", this.texts.gap);
    if (timeline.gaps.some((gap) => !gap.declared)) entry("fault", this.texts.fault);
    if (timeline.fills.length) entry("spare", this.texts.spare);
    if (timeline.mutes.length) entry("muted", this.texts.muted);
    if (timeline.notes.length) entry("note", this.texts.note);
    return legend;
  }

  #tick(at: number, height: number): SVGElement[] {
    const x = this.#x(at);
    const near = at / this.#duration;
    const label = element("text", { x, y: height + 15, "text-anchor": near < 0.03 ? "start" : near > 0.97 ? "end" : "middle" });
    label.textContent = this.#duration < 3600 ? clock(at).slice(3) : clock(at).slice(0, 5);
    return [element("line", { class: "tick", x1: x, x2: x, y1: TOP, y2: height + 3 }), label];
  }

  #gap(gap: Gap, y: number, height: number): SVGElement {
    const bar = this.#bar(gap, y, height, gap.declared ? "gap" : "gap fault");
    return titled(bar, `${clock(gap.start)} ${this.texts.causes[gap.cause] ?? gap.cause}, ${clock(gap.end - gap.start)}`);
  }

  /** A stretch of the spare node's recording, with a seam at both its ends. */
  #fill(fill: Fill, y: number, height: number): SVGElement {
    const tip = `${clock(fill.start)} ${this.texts.spareAt.replace("{seconds}", fill.uncertainty.toFixed(2))}, ${clock(fill.end - fill.start)}`;
    return titled(this.#bar(fill, y, height, "spare"), tip);
  }

  /** The cause, written into a gap that is wide enough for it. */
  #gapName(gap: Gap, y: number): SVGElement[] {
    if ((gap.end - gap.start) / this.#duration < 0.07) return [];
    const name = element("text", { class: "gap-name", x: this.#x((gap.start + gap.end) / 2), y: y + 4, "text-anchor": "middle" });
    name.textContent = this.texts.causes[gap.cause] ?? gap.cause;
    return [name];
  }

  #bar(span: { start: number; end: number }, y: number, height: number, name: string, role = ""): SVGElement {
    const width = Math.max(0.08, ((span.end - span.start) / this.#duration) * 100);
    return element("rect", { class: name, "data-role": role, x: this.#x(span.start), y, width: `${width}%`, height, rx: 2 });
  }

  #x(time: number): string {
    return `${Math.min(100, (time / this.#duration) * 100)}%`;
  }

  #listen(svg: SVGSVGElement): void {
    const timeAt = (event: PointerEvent): number => {
      const box = svg.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * this.#duration;
    };
    svg.addEventListener("pointerdown", (event) => {
      svg.setPointerCapture(event.pointerId);
      this.seek(timeAt(event));
    });
    svg.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) this.seek(timeAt(event));
      this.#point(event, timeAt(event));
    });
    svg.addEventListener("pointerleave", () => {
      this.#hover?.setAttribute("visibility", "hidden");
      if (this.#tip) this.#tip.hidden = true;
    });
  }

  #point(event: PointerEvent, time: number): void {
    const x = this.#x(time);
    this.#hover?.setAttribute("x1", x);
    this.#hover?.setAttribute("x2", x);
    this.#hover?.setAttribute("visibility", "visible");
    if (!this.#tip) return;
    this.#tip.hidden = false;
    this.#tip.textContent = (event.target as SVGElement).dataset["tip"] ?? clock(time);
    this.#tip.style.left = `${event.clientX - this.root.getBoundingClientRect().left}px`;
  }
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function titled(made: SVGElement, text: string): SVGElement {
  made.dataset["tip"] = text;
  return made;
}

function hatching(id: string): SVGElement {
  const pattern = element("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(element("rect", { width: 6, height: 6 }), element("line", { x1: 0, y1: 0, x2: 0, y2: 6 }));
  return pattern;
}

function html(name: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
