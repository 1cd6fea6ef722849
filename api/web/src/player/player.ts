import { fill, texts } from "../dom";
import { clock, part, typing } from "../../../../court/page/live.js";
import { arriving } from "./holes";
import type { Texts, Timeline } from "./model";
import { Playback } from "./playback";
import { Strip } from "./strip";
import { Transcript } from "./transcript";

const STEP = 5; // seconds
const NOTICE_MS = 4500;
const REFRESH_MS = 5000;
const LIVE = ["recording", "paused", "deliberation"];

/** `<courtrec-player>`: the recording, the strip and the transcript of one hearing, in step. The markup is the server's. */
export class PlayerElement extends HTMLElement {
  #texts!: Texts;
  #video!: HTMLVideoElement;
  #playback!: Playback;
  #strip!: Strip;
  #transcript!: Transcript;
  #timeline: Timeline | undefined;
  #drawn = "";
  #noticeTimer = 0;
  #refreshTimer = 0;

  async connectedCallback(): Promise<void> {
    this.#texts = texts<Texts>(this);
    this.#video = part<HTMLVideoElement>(this, "video");
    this.#playback = this.#makePlayback();
    this.#strip = new Strip(part(this, "timeline"), this.#texts, (time) => void this.seek(time));
    this.#transcript = new Transcript(this, (time) => void this.seek(time, true), this.#texts.noMatches);
    this.#wire();
    if (!(await this.#refresh())) return;
    const start = Number(this.dataset["start"] || 0);
    await this.#playback.go(Number.isFinite(start) ? start : 0);
    this.#show();
  }

  disconnectedCallback(): void {
    document.removeEventListener("keydown", this.#onKey);
    document.removeEventListener("htmx:afterSettle", this.#onSettle);
    clearTimeout(this.#refreshTimer);
  }

  /** Goes to `time` seconds of the hearing, and plays if asked. */
  async seek(time: number, play = false): Promise<void> {
    await this.#playback.go(Math.min(time, this.#timeline?.duration ?? time));
    if (play) await this.#play();
    this.#show();
  }

  #makePlayback(): Playback {
    const cause = (name: string): string => this.#texts.causes[name] ?? this.#texts.gap;
    return new Playback(this.#video, this.dataset["media"] ?? "", {
      skipped: (hole, why) => this.#notice(fill(this.#texts.skipped, { cause: cause(why), length: clock(hole.end - hole.start) })),
      lostTrack: (why) => this.#notice(fill(this.#texts.lostTrack, { cause: cause(why) })),
      lostPicture: (why) => this.#notice(fill(this.#texts.lostPicture, { cause: cause(why) })),
      picture: (shown) => { part(this, "no-picture").hidden = shown; },
      failed: () => this.#notice(this.#texts.mediaError, false),
    });
  }

  #wire(): void {
    const click = (name: string, action: () => void): void => part(this, name).addEventListener("click", action);
    click("play", () => void this.#toggle());
    click("back-5", () => void this.#playback.back(STEP));
    click("forward-5", () => void this.seek(this.#playback.time + STEP));
    click("mute", () => this.#mute());
    click("copy", () => void this.#copy());
    part(this, "speed").addEventListener("change", (event) => { this.#video.playbackRate = Number((event.target as HTMLSelectElement).value); });
    part(this, "sound").addEventListener("change", (event) => void this.#playback.choose((event.target as HTMLSelectElement).value));
    this.#video.addEventListener("click", () => void this.#toggle());
    for (const name of ["play", "pause", "ended"]) this.#video.addEventListener(name, () => part(this, "player").classList.toggle("playing", !this.#video.paused));
    this.#video.addEventListener("play", () => requestAnimationFrame(this.#onFrame));
    for (const name of ["timeupdate", "seeked"]) this.#video.addEventListener(name, () => this.#show());
    document.addEventListener("keydown", this.#onKey);
    document.addEventListener("htmx:afterSettle", this.#onSettle);
    this.addEventListener("courtrec:lines", this.#onLines);
  }

  #onFrame = (): void => {
    if (this.#video.paused) return;
    if (!this.#video.seeking) void this.#playback.check();
    this.#show();
    requestAnimationFrame(this.#onFrame);
  };

  #onSettle = (event: Event): void => {
    if ((event.target as Element).id === "transcript") this.#onLines();
  };

  /** The transcript's lines are others now. */
  #onLines = (): void => {
    this.#transcript.read();
    void this.#refresh();
  };

  #onKey = (event: KeyboardEvent): void => {
    if (typing(event) || (event.target as Element).closest("button, a") && event.key === " ") return;
    const { before, after } = this.#transcript.beside(this.#playback.time);
    const actions: Record<string, () => void> = {
      " ": () => void this.#toggle(),
      ArrowLeft: () => void this.#playback.back(STEP),
      ArrowRight: () => void this.seek(this.#playback.time + STEP),
      PageUp: () => void this.seek(before),
      PageDown: () => void this.seek(after),
      "/": () => part(this, "find").focus(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };

  async #toggle(): Promise<void> {
    if (this.#video.paused) await this.#play();
    else this.#video.pause();
  }

  async #play(): Promise<void> {
    await this.#video.play().catch((error: unknown) => {
      // A pause or another seek right after is no failure; anything else the person should know.
      if ((error as DOMException).name !== "AbortError") this.#notice(this.#texts.mediaError, false);
    });
  }

  #mute(): void {
    this.#video.muted = !this.#video.muted;
    part(this, "mute").setAttribute("aria-pressed", String(this.#video.muted));
  }

  async #copy(): Promise<void> {
    const link = new URL(location.pathname, location.href);
    link.searchParams.set("t", this.#playback.time.toFixed(1));
    history.replaceState(null, "", link);
    await navigator.clipboard.writeText(link.href);
    this.#notice(this.#texts.copied);
  }

  #show(): void {
    const time = this.#playback.time;
    part(this, "now").textContent = clock(time);
    part(this, "spare").hidden = !this.#timeline?.fills.some((one) => one.start <= time && time < one.end);
    this.#strip.show(time);
    this.#transcript.show(time);
  }

  /** Fetches the timeline; again every few seconds while the hearing grows. */
  async #refresh(): Promise<boolean> {
    clearTimeout(this.#refreshTimer);
    const answer = await fetch(this.dataset["timeline"] ?? "").catch(() => undefined);
    if (!answer?.ok) {
      this.#notice(this.#texts.mediaError, false);
      return false;
    }
    const text = await answer.text();
    if (text !== this.#drawn) {
      this.#drawn = text;
      this.#take(JSON.parse(text) as Timeline);
    }
    if (this.#timeline && (LIVE.includes(this.#timeline.state) || arriving(this.#timeline))) this.#refreshTimer = window.setTimeout(() => void this.#refresh(), REFRESH_MS);
    return true;
  }

  #take(timeline: Timeline): void {
    this.#timeline = timeline;
    this.#playback.update(timeline);
    this.#strip.draw(timeline);
    part(this, "length").textContent = clock(timeline.duration);
    this.#offerSounds(timeline);
    this.#show();
  }

  #offerSounds(timeline: Timeline): void {
    const select = part<HTMLSelectElement>(this, "sound");
    const sounds = timeline.tracks.filter((one) => one.kind === "audio").sort((a, b) => Number(b.derived) - Number(a.derived));
    if (select.options.length === sounds.length) return;
    const roles = sounds.map((one) => one.role);
    select.replaceChildren(...sounds.map((one) => {
      const twice = roles.filter((role) => role === one.role).length > 1;
      const name = one.derived ? this.#texts.mix : this.#texts.roles[one.role] ?? one.track;
      return new Option(twice ? `${name} · ${one.track}` : name, one.track);
    }));
  }

  #notice(text: string, passing = true): void {
    const line = part(this, "notice");
    line.textContent = text;
    line.classList.add("shown");
    clearTimeout(this.#noticeTimer);
    if (passing) this.#noticeTimer = window.setTimeout(() => line.classList.remove("shown"), NOTICE_MS);
  }
}
