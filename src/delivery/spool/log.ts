/**
 * Writes and reads a log on disk: the events of one process in the order in which they were accepted, each with a
 * number. A mark tells below which number all events are finalized (delivered or given up). The folder of a log:
 *
 *     0000000000000001-0.log     a segment, named after the number of its first event; frames (log-frames.ts)
 *     0000000000002744-1.log     the next one; a segment is deleted once all its events are finalized
 *     settled                    the mark (log-mark.ts)
 */
import { join } from 'node:path';
import { codeOf } from '../../utils/errors.js';
import type { SerialisedEvent } from '../payload.js';
import type { SpoolFile, SpoolFiles } from './files.js';
import { decodeFrames, encodeFrame, type StoredEvent } from './log-frames.js';
import { LogMark, MARK, readMark } from './log-mark.js';

/** Bytes from which on a segment is full. */
const SEGMENT_BYTES = 1024 * 1024;
/** Events that are read at once, which takes some milliseconds of the event loop. */
const READ_EVENTS = 500;
/** Bytes that are read at once: more than a full segment with its last frame has. */
const MAX_READ = 4 * SEGMENT_BYTES;

const NAME = /^(\d{16})-(\d{1,9})\.log$/;

interface Segment {
  readonly name: string;
  readonly first: number;
}

export interface SpoolLogOptions {
  /** Bytes from which on a segment of a log is full. Default 1 MiB. */
  segmentBytes?: number;
}

export class SpoolLog {
  readonly #segmentBytes: number;
  readonly #segments: Segment[];
  /** The file of the segment that is written to; undefined if the next write begins a segment. */
  #file: SpoolFile | undefined;
  #fileBytes = 0;
  #serial = 0;
  #hasNewNames = true;
  readonly #retiring = new Set<Promise<void>>();

  /** All events below this number are finalized. */
  #acknowledged: number;
  readonly #mark: LogMark;
  #marking: Promise<void> | undefined;
  /** True if the last mark could not be written. */
  #isMarkOwed = false;

  /** The position where the next read begins. */
  #cursor: { segment: Segment; offset: number; next: number } | undefined;

  private constructor(
    private readonly files: SpoolFiles,
    readonly path: string,
    { segmentBytes = SEGMENT_BYTES }: SpoolLogOptions,
    found: { segments: Segment[]; acknowledged: number },
  ) {
    this.#segmentBytes = segmentBytes;
    this.#segments = found.segments;
    this.#acknowledged = found.acknowledged;
    this.#mark = new LogMark(files, path);
  }

  /** Makes a new log, with its folder, which must not exist yet. */
  static async create(files: SpoolFiles, path: string, options: SpoolLogOptions = {}): Promise<SpoolLog> {
    await files.makeFolder(path);
    return new SpoolLog(files, path, options, { segments: [], acknowledged: 0 });
  }

  /** Opens a log that another process has left. */
  static async open(files: SpoolFiles, path: string): Promise<SpoolLog> {
    const segments = (await files.list(path))
      .map((name) => ({ name, match: NAME.exec(name) }))
      .filter(({ match }) => match !== null)
      .map(({ name, match }) => ({ name, first: Number(match![1]), serial: Number(match![2]) }))
      .sort((one, other) => one.first - other.first || one.serial - other.serial);
    const log = new SpoolLog(files, path, {}, { segments, acknowledged: await readMark(files, path) });
    log.seek(log.#acknowledged);
    return log;
  }

  /** The number of the first event that is not finalized. */
  get first(): number {
    return Math.max(this.#acknowledged, this.#segments[0]?.first ?? 0);
  }

  /**
   * Writes events, of which the first has the number `first` and was accepted at the time `at`. Only one call may be
   * under way. If it rejects, none of these events counts as stored, and the caller has to write them again.
   */
  async write(first: number, at: number, events: readonly SerialisedEvent[]): Promise<void> {
    const frame = encodeFrame(first, at, events);
    try {
      await (await this.#fileFor(first)).append(frame);
      this.#fileBytes += frame.length;
      if (this.#isMarkOwed) void this.acknowledge(0);
    } catch (error) {
      // A part of the frame may be in the file. It is skipped when the file is read. The next frame goes into another
      // segment.
      const failed = this.#file === undefined || this.#fileBytes > 0 ? undefined : this.#segments.at(-1);
      this.#retire();
      // An empty segment is removed: otherwise a disk that fails for long fills with empty segments.
      if (failed !== undefined) {
        await Promise.all(this.#retiring);
        this.#segments.splice(this.#segments.indexOf(failed), 1);
        await this.files.remove(join(this.path, failed.name)).catch(() => undefined);
      }
      throw error;
    }
  }

  /** Writes events synchronously, before the process ends. */
  writeNow(first: number, at: number, events: readonly SerialisedEvent[]): void {
    this.#file?.appendNow(encodeFrame(first, at, events));
  }

  /** Makes the frames that were written survive a power cut: the bytes first, then the names that lead to them. */
  async sync(): Promise<void> {
    const hasNewNames = this.#hasNewNames;
    this.#hasNewNames = false;
    try {
      await Promise.all([this.#file?.sync(), ...this.#retiring]);
      if (!hasNewNames) return;
      await this.files.syncFolder(this.path);
      await this.files.syncFolder(join(this.path, '..'));
    } catch (error) {
      this.#hasNewNames ||= hasNewNames;
      throw error;
    }
  }

  /** Sets the number of the event with which the next read begins. */
  seek(next: number): void {
    const segment = this.#segments.findLast(({ first }) => first <= next) ?? this.#segments[0];
    this.#cursor = segment && { segment, offset: 0, next };
  }

  /**
   * Returns the next events in order; none if there are no more. Events whose numbers are missing can't be read any
   * more. If a segment is gone, `onError` is called and the next segment is read. If a segment can't be read now, the
   * call rejects, and the next call reads that segment again.
   */
  async read(onError: (error: unknown) => void): Promise<StoredEvent[]> {
    for (;;) {
      const { cursor } = this;
      if (cursor === undefined) return [];
      const { events, end } = await this.#readFrom(cursor, onError);
      cursor.offset += end;
      if (events.length > 0) {
        cursor.next = events.at(-1)!.number + 1;
        return events;
      }
      const following = this.#segments[this.#segments.indexOf(cursor.segment) + 1];
      if (following === undefined) return [];
      this.#cursor = { segment: following, offset: 0, next: cursor.next };
    }
  }

  /**
   * The position of the next read. If its segment was deleted, the position is set in a segment that is still there.
   */
  private get cursor(): { segment: Segment; offset: number; next: number } | undefined {
    if (this.#cursor === undefined || !this.#segments.includes(this.#cursor.segment)) {
      this.seek(this.#cursor?.next ?? this.#acknowledged);
    }
    return this.#cursor;
  }

  async #readFrom(
    { segment, offset, next }: { segment: Segment; offset: number; next: number },
    onError: (error: unknown) => void,
  ): Promise<{ events: StoredEvent[]; end: number }> {
    try {
      const file = await this.files.open(join(this.path, segment.name));
      try {
        return decodeFrames(await file.read(offset, MAX_READ), next, READ_EVENTS);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      onError(error);
      return { events: [], end: 0 };
    }
  }

  /**
   * Notes that all events below the number `next` are finalized, writes the mark, and deletes the segments that hold no
   * other events. If a crash loses the mark, events are sent twice. Never rejects: if the mark can't be written, it is
   * written once the disk works again.
   */
  acknowledge(next: number): Promise<void> {
    this.#acknowledged = Math.max(this.#acknowledged, next);
    return (this.#marking ??= this.#writeMark().finally(() => (this.#marking = undefined)));
  }

  async #writeMark(): Promise<void> {
    for (let marked = -1; marked !== this.#acknowledged;) {
      marked = this.#acknowledged;
      try {
        // Segments are deleted before the mark is written: a full disk may have no room for the mark, and a missing
        // segment also shows that its events are finalized.
        while ((this.#segments[1]?.first ?? Infinity) <= marked) {
          await this.#removeFile(this.#segments[0]!.name);
          this.#segments.shift();
        }
        await this.#mark.write(marked);
        this.#isMarkOwed = false;
      } catch {
        this.#isMarkOwed = true;
        return;
      }
    }
  }

  /** Ends writing and marking. With `remove`, the log and all events in it are deleted. */
  async close({ remove }: { remove: boolean }): Promise<void> {
    this.#retire();
    if (this.#isMarkOwed && !remove) await this.acknowledge(0);
    await Promise.all([this.#marking, ...this.#retiring]);
    await this.#mark.close();
    if (!remove) return;
    const names = await this.files.list(this.path);
    // The mark is deleted last: if the process died before, the events that are left would be sent again without it.
    for (const name of names) if (name !== MARK) await this.#removeFile(name);
    await this.#removeFile(MARK);
    await this.files.removeFolder(this.path);
  }

  async #removeFile(name: string): Promise<void> {
    try {
      await this.files.remove(join(this.path, name));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  async #fileFor(first: number): Promise<SpoolFile> {
    if (this.#file !== undefined && this.#fileBytes < this.#segmentBytes) return this.#file;
    const name = `${String(first).padStart(16, '0')}-${this.#serial++}.log`;
    const file = await this.files.create(join(this.path, name));
    // The full segment is ended only now that the new file is there: until then, `writeNow` may need it.
    this.#retire();
    this.#segments.push({ name, first });
    this.#hasNewNames = true;
    this.#fileBytes = 0;
    return (this.#file = file);
  }

  /** Ends the current segment: nothing more is written to it. Its file is synced and closed in the background. */
  #retire(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    const retired = file
      .sync()
      .catch(() => undefined)
      .then(() => file.close())
      .catch(() => undefined)
      .finally(() => this.#retiring.delete(retired));
    this.#retiring.add(retired);
  }
}
