import type Hls from "hls.js";
import { causeOf, holeAt, holes, stepBack } from "./holes";
import type { Span, Timeline } from "./model";

/** What playback tells the page. */
export interface Listener {
  skipped(hole: Span, cause: string): void;
  lostTrack(cause: string): void;
  lostPicture(cause: string): void;
  picture(shown: boolean): void;
  failed(): void;
}

interface Source { picture: boolean; sound: string }

/**
 * Plays a hearing's tracks from their HLS playlists, where playback time is the hearing's time.
 *
 * It jumps over stretches in which nothing was recorded. Where only the chosen microphone is missing it plays the room
 * mix, where only the picture is missing the sound goes on: a lost device never stops the rest.
 */
export class Playback {
  #hls: Hls | undefined;
  #loaded: Source | undefined;
  #holes = new Map<string, Span[]>();
  #timeline: Timeline | undefined;
  #recovered = false;
  #turn = 0;
  /** Where playback shall begin while a source is being loaded; the browser itself says 0 until then. */
  #target: number | undefined;

  constructor(private readonly video: HTMLVideoElement, private readonly media: string, private readonly listener: Listener, private sound = "") {
    for (const name of ["loadeddata", "seeked"]) video.addEventListener(name, () => this.#arrive());
  }

  get time(): number {
    return this.#target ?? this.video.currentTime;
  }

  /** Takes in what can be played now; called again while a hearing is live. */
  update(timeline: Timeline): void {
    // A finished playlist is not asked for again by the player, so what arrived late is loaded anew.
    const finished = this.#hls?.latestLevelDetails?.live === false;
    const late = finished && this.#timeline !== undefined && pieces(this.#timeline) !== pieces(timeline);
    this.#timeline = timeline;
    this.#holes = new Map(timeline.tracks.map((one) => [one.track, holes(one.segments, timeline.duration)]));
    const audio = timeline.tracks.filter((one) => one.kind === "audio");
    this.sound ||= (audio.find((one) => one.derived) ?? audio[0])?.track ?? "";
    if (late && this.#loaded) {
      const at = this.time;
      this.#loaded = undefined;
      void this.go(at);
    }
  }

  /** Loads what belongs to `time` and goes there, past a hole if there is one. */
  async go(time: number): Promise<void> {
    const target = this.#pastHole(Math.max(0, time));
    if (this.#target !== undefined) this.#loaded = undefined; // still loading for another moment: load anew
    else if (this.#loaded) this.video.currentTime = target;
    await this.#use(this.#sourceAt(target), target);
  }

  /** Goes back by so many seconds of playing time. */
  async back(seconds: number): Promise<void> {
    const lost = this.#mix ? this.#mix : this.sound;
    await this.go(stepBack(this.#holes.get(lost) ?? [], this.time, seconds));
  }

  /** Plays this track's sound from now on. */
  async choose(track: string): Promise<void> {
    this.sound = track;
    await this.#use(this.#sourceAt(this.time), this.time);
  }

  /** To be called often while playing: leaves holes, changes tracks at their ends. */
  async check(): Promise<void> {
    if (this.#target !== undefined) return;
    const target = this.#pastHole(this.time);
    if (target !== this.time) this.video.currentTime = target;
    await this.#use(this.#sourceAt(target), target);
  }

  #arrive(): void {
    if (this.#target !== undefined && Math.abs(this.video.currentTime - this.#target) < 1) this.#target = undefined;
  }

  #pastHole(time: number): number {
    if (this.#playable(this.#mix, time)) return time;
    const hole = holeAt(this.#holes.get(this.sound) ?? [], time);
    if (!hole) return time;
    const end = this.#timeline?.duration ?? 0;
    if (hole.end >= end) {
      this.video.pause();
      return Math.min(time, hole.start);
    }
    if (time < hole.end) this.listener.skipped(hole, causeOf(hole, this.#gaps(this.sound)));
    return hole.end + 0.02;
  }

  #sourceAt(time: number): Source {
    const camera = this.#timeline?.tracks.find((one) => one.kind === "video")?.track;
    const picture = camera !== undefined && this.#playable(camera, time);
    const sound = this.#playable(this.sound, time) || !this.#playable(this.#mix, time) ? this.sound : this.#mix;
    const before = this.#loaded;
    if (before && camera && before.picture && !picture) this.listener.lostPicture(this.#causeAt(camera, time));
    if (before && sound !== this.sound && before.sound === this.sound) this.listener.lostTrack(this.#causeAt(this.sound, time));
    return { picture, sound };
  }

  async #use(wanted: Source, at: number): Promise<void> {
    const before = this.#loaded;
    if (before?.picture === wanted.picture && before.sound === wanted.sound) return;
    this.#loaded = wanted;
    this.listener.picture(wanted.picture);
    if (this.#hls && before?.picture && wanted.picture) this.#pickSound(this.#hls);
    else await this.#load(wanted, at);
  }

  async #load(source: Source, at: number): Promise<void> {
    const playing = !this.video.paused;
    this.#target = at;
    const url = `${this.media}/${source.picture ? "master" : source.sound}.m3u8`;
    const turn = ++this.#turn;
    const { default: Player, Events } = await import("hls.js");
    if (turn !== this.#turn) return; // another source was asked for meanwhile
    this.#hls?.destroy();
    // The segments are fMP4 and go to the browser as they are, so a worker would have nothing to do.
    const hls = new Player({ startPosition: at, enableWorker: false, backBufferLength: 120, maxBufferLength: 40 });
    this.#hls = hls;
    hls.on(Events.AUDIO_TRACKS_UPDATED, () => this.#pickSound(hls));
    hls.on(Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === "mediaError" && !this.#recovered) {
        this.#recovered = true;
        hls.recoverMediaError();
      } else this.listener.failed();
    });
    hls.loadSource(url);
    hls.attachMedia(this.video);
    // Refused only where a newer source or a pause came in between.
    if (playing) void this.video.play().catch(() => undefined);
  }

  #pickSound(hls: Hls): void {
    const wanted = `/${this.#loaded?.sound ?? ""}.m3u8`;
    const index = hls.audioTracks.findIndex((one) => new URL(one.url, location.href).pathname.endsWith(wanted));
    if (index >= 0 && hls.audioTrack !== index) hls.audioTrack = index;
  }

  #playable(track: string, time: number): boolean {
    const found = this.#holes.get(track);
    return found !== undefined && holeAt(found, time) === undefined;
  }

  get #mix(): string {
    return this.#timeline?.tracks.find((one) => one.kind === "audio" && one.derived)?.track ?? "";
  }

  #gaps(track: string): Timeline["gaps"] {
    return this.#timeline?.gaps.filter((gap) => gap.track === track) ?? [];
  }

  #causeAt(track: string, time: number): string {
    const hole = holeAt(this.#holes.get(track) ?? [], time);
    return hole ? causeOf(hole, this.#gaps(track)) : "";
  }
}

function pieces(timeline: Timeline): number {
  return timeline.tracks.reduce((count, track) => count + track.segments.length, 0);
}
