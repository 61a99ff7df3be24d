/** The log on disk: what is written is read again, whatever happens to its bytes and to the power. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serialise, type SerialisedEvent } from '../../../src/delivery/payload.js';
import { decodeFrames, encodeFrame } from '../../../src/delivery/spool/log-frames.js';
import { SpoolLog } from '../../../src/delivery/spool/log.js';
import { exposure } from '../fakes.js';
import { fakeDisk, type FakeDisk } from './fake-disk.js';

const event = (n: number): SerialisedEvent => serialise(exposure(`visitor-${n}-ü"\\\n\t@`));
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);
const eventsFrom = (from: number, to: number): SerialisedEvent[] => range(from, to).map(event);

async function readAll(log: SpoolLog): Promise<{ number: number; event: SerialisedEvent }[]> {
  const all = [];
  for (;;) {
    const events = await log.read((error) => {
      throw error;
    });
    if (events.length === 0) return all;
    all.push(...events);
  }
}

describe('frames', () => {
  const data = Buffer.concat([
    encodeFrame(0, 1000, eventsFrom(0, 3)),
    encodeFrame(3, 1001, eventsFrom(3, 4)),
    encodeFrame(4, 1002, eventsFrom(4, 9)),
  ]);

  it('give back what was put in', () => {
    const { events, end } = decodeFrames(data, 0, Infinity);
    expect(events.map(({ number }) => number)).toEqual(range(0, 9));
    expect(events.map((each) => each.event)).toEqual(eventsFrom(0, 9));
    expect(events.map(({ at }) => at)).toEqual([1000, 1000, 1000, 1001, 1002, 1002, 1002, 1002, 1002]);
    expect(end).toBe(data.length);
  });

  it('cut off anywhere, give whole commits and nothing else', () => {
    const ends = new Set<number>();
    for (let length = 0; length <= data.length; length++) {
      const { events } = decodeFrames(data.subarray(0, length), 0, Infinity);
      expect([0, 3, 4, 9]).toContain(events.length);
      expect(events.map((each) => each.event)).toEqual(eventsFrom(0, events.length));
      ends.add(events.length);
    }
    expect([...ends]).toEqual([0, 3, 4, 9]);
  });

  it('spoilt anywhere, give the commits that are whole', () => {
    for (let place = 0; place < data.length; place++) {
      const spoilt = Buffer.from(data);
      spoilt[place] = spoilt[place]! ^ 0x15;
      const { events } = decodeFrames(spoilt, 0, Infinity);
      expect([9 - 3, 9 - 1, 9 - 5]).toContain(events.length);
      for (const each of events) expect(each.event).toEqual(event(each.number));
    }
  });

  it('of anything at all, give no event and no error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 300 })), (bytes) => {
        expect(decodeFrames(Buffer.from(bytes as Uint8Array), 0, Infinity).events).toEqual([]);
      }),
    );
  });

  it('H2: whose count is not that of their lines give no event, though their checksum is right', () => {
    const whole = encodeFrame(0, 1000, eventsFrom(0, 2)).toString('latin1');
    const [, head = '', count = ''] = /^\n((?:@\d+) (\d+) \d+ \d+) /.exec(whole)!;
    const body = Buffer.from(whole.slice(whole.indexOf('\n', 1) + 1), 'latin1');
    for (const other of ['1', '3', '0']) {
      const lying = head.replace(` ${count} `, ` ${other} `);
      const crc = crc32(body, crc32(lying)).toString(16).padStart(8, '0');
      const frame = Buffer.concat([Buffer.from(`\n${lying} ${crc}\n`, 'latin1'), body]);
      expect(decodeFrames(frame, 0, Infinity).events).toEqual([]);
    }
  });

  it('that were written twice count once', () => {
    const twice = Buffer.concat([data.subarray(0, 200), Buffer.from('\n'), data, data]);
    const { events } = decodeFrames(twice, 0, Infinity);
    expect(events.map(({ number }) => number)).toEqual(range(0, 9));
  });
});

describe('a log', () => {
  it('has what is written at the end of the process while a new segment is being made', async () => {
    const disk = fakeDisk();
    let isHung = false;
    const create: FakeDisk['create'] = (path) => (isHung ? new Promise(() => {}) : disk.create(path));
    const log = await SpoolLog.create({ ...disk, create }, '/log', { segmentBytes: 1 });
    await log.write(0, 1000, eventsFrom(0, 3));
    isHung = true;
    void log.write(3, 1001, eventsFrom(3, 5));
    log.writeNow(3, 1001, eventsFrom(3, 7));
    const left = await SpoolLog.open(disk, '/log');
    expect((await readAll(left)).map((each) => each.event)).toEqual(eventsFrom(0, 7));
  });

  it('is read by who opens it, from the first event that is not acknowledged', async () => {
    const disk = fakeDisk();
    const log = await SpoolLog.create(disk, '/log', { segmentBytes: 2000 });
    for (let n = 0; n < 100; n += 5) await log.write(n, 1, eventsFrom(n, n + 5));
    await log.acknowledge(42);
    await log.close({ remove: false });
    const again = await SpoolLog.open(disk, '/log');
    expect(again.first).toBe(42);
    const events = await readAll(again);
    expect(events.map(({ number }) => number)).toEqual(range(42, 100));
    expect(events.map((each) => each.event)).toEqual(eventsFrom(42, 100));
    // Segments of which all is settled are gone.
    expect(Object.keys(disk.files()).length).toBeLessThan(15);
    await again.close({ remove: true });
    expect(disk.files()).toEqual({});
  });

  it('H2: is read from the last of the segments that begin with one number: the write to each other one failed', async () => {
    const disk = fakeDisk();
    await disk.makeFolder('/log');
    // The disk lists the later segment first, and its name comes first in the alphabet, too.
    const segments: [serial: number, at: number, events: number][] = [
      [10, 2000, 3],
      [9, 1000, 2],
    ];
    for (const [serial, at, count] of segments) {
      const file = await disk.create(`/log/${'0'.repeat(16)}-${serial}.log`);
      await file.append(encodeFrame(0, at, eventsFrom(0, count)));
    }
    const log = await SpoolLog.open(disk, '/log');
    const times = [];
    for (;;) {
      const events = await log.read((error) => {
        throw error;
      });
      if (events.length === 0) break;
      times.push(...events.map(({ number, at }) => [number, at]));
    }
    expect(times).toEqual([
      [0, 2000],
      [1, 2000],
      [2, 2000],
    ]);
  });

  it('is read while it is written', async () => {
    const log = await SpoolLog.create(fakeDisk(), '/log', { segmentBytes: 2000 });
    const numbers: number[] = [];
    log.seek(0);
    for (let n = 0; n < 60; n += 3) {
      await log.write(n, 1, eventsFrom(n, n + 3));
      if (n % 4 === 0) numbers.push(...(await readAll(log)).map(({ number }) => number));
    }
    numbers.push(...(await readAll(log)).map(({ number }) => number));
    expect(numbers).toEqual(range(0, 60));
  });

  it('goes on in another segment where a write failed in the middle', async () => {
    const disk = fakeDisk();
    const log = await SpoolLog.create(disk, '/log');
    await log.write(0, 1, eventsFrom(0, 3));
    disk.room = Object.values(disk.files())[0]!.length + 100;
    await expect(log.write(3, 1, eventsFrom(3, 6))).rejects.toMatchObject({ code: 'ENOSPC' });
    disk.room = Infinity;
    await log.write(3, 1, eventsFrom(3, 8));
    await log.close({ remove: false });
    const events = await readAll(await SpoolLog.open(disk, '/log'));
    expect(events.map((each) => each.event)).toEqual(eventsFrom(0, 8));
  });

  it('on a disk that is full of it, makes room by what is acknowledged, and leaves no empty segments', async () => {
    const disk = fakeDisk();
    const log = await SpoolLog.create(disk, '/log', { segmentBytes: 1 });
    for (let n = 0; n < 9; n += 3) await log.write(n, 1, eventsFrom(n, n + 3));
    const used = (): number => Object.values(disk.files()).reduce((sum, { length }) => sum + length, 0);
    disk.room = used();
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(log.write(9, 1, eventsFrom(9, 12))).rejects.toMatchObject({ code: 'ENOSPC' });
    }
    expect(Object.keys(disk.files())).toHaveLength(3);
    await log.acknowledge(6);
    await log.write(9, 1, eventsFrom(9, 12));
    await log.close({ remove: false });
    const numbers = (await readAll(await SpoolLog.open(disk, '/log'))).map(({ number }) => number);
    expect(numbers).toEqual(range(6, 12));
  });

  it('that is removed loses its mark last, so that what a crash leaves of it is not sent again', async () => {
    const disk = fakeDisk();
    const log = await SpoolLog.create(disk, '/log', { segmentBytes: 1 });
    for (let n = 0; n < 9; n += 3) await log.write(n, 1, eventsFrom(n, n + 3));
    await log.acknowledge(9);
    const list = disk.list.bind(disk);
    disk.list = async (path) => (await list(path)).toReversed();
    const removed: string[] = [];
    const remove = disk.remove.bind(disk);
    disk.remove = async (path) => {
      removed.push(path);
      await remove(path);
    };
    await log.close({ remove: true });
    expect(removed.length).toBeGreaterThan(1);
    expect(removed.indexOf('/log/settled')).toBe(removed.length - 1);
  });

  it('goes on marking where somebody else removed a segment', async () => {
    const disk = fakeDisk();
    const log = await SpoolLog.create(disk, '/log', { segmentBytes: 1 });
    for (let n = 0; n < 9; n += 3) await log.write(n, 1, eventsFrom(n, n + 3));
    await disk.remove(Object.keys(disk.files()).find((path) => path.endsWith('.log'))!);
    await log.acknowledge(6);
    await log.close({ remove: false });
    expect((await SpoolLog.open(disk, '/log')).first).toBe(6);
    expect(Object.keys(disk.files()).filter((path) => path.endsWith('.log'))).toHaveLength(1);
  });

  it('passes over a segment that can not be read', async () => {
    const disk = fakeDisk();
    const log = await SpoolLog.create(disk, '/log', { segmentBytes: 1 });
    for (let n = 0; n < 6; n += 2) await log.write(n, 1, eventsFrom(n, n + 2));
    await log.close({ remove: false });
    const again = await SpoolLog.open(disk, '/log');
    const [, second] = Object.keys(disk.files()).filter((path) => path.endsWith('.log'));
    await disk.remove(second!);
    const errors: unknown[] = [];
    const numbers: number[] = [];
    for (let length = 1; length > 0;) {
      const events = await again.read((error) => errors.push(error));
      numbers.push(...events.map(({ number }) => number));
      length = events.length;
    }
    expect(numbers).toEqual([0, 1, 4, 5]);
    expect(errors).toHaveLength(1);
  });

  it('after a power cut has all that was synced, and no event that was not written', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ write: fc.integer({ min: 1, max: 6 }) }) },
      { weight: 2, arbitrary: fc.constant({ sync: true as const }) },
      { weight: 2, arbitrary: fc.record({ acknowledge: fc.nat(8) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 40, maxLength: 40 }),
        async (steps, draws) => {
          const disk: FakeDisk = fakeDisk();
          await disk.makeFolder('/project');
          await disk.syncFolder('/');
          const log = await SpoolLog.create(disk, '/project/log', { segmentBytes: 1500 });
          let [written, synced, settled] = [0, 0, 0];
          for (const each of steps) {
            if ('write' in each) {
              await log.write(written, 1, eventsFrom(written, written + each.write));
              written += each.write;
            } else if ('sync' in each) {
              await log.sync();
              synced = written;
            } else {
              settled = Math.min(written, settled + each.acknowledge);
              await log.acknowledge(settled);
            }
          }
          let drawn = 0;
          disk.cutPower(() => draws[drawn++ % draws.length]!);
          if ((await disk.inspect('/project/log')) === undefined) {
            expect(synced).toBe(0);
            return;
          }
          const again = await SpoolLog.open(disk, '/project/log');
          const events = await readAll(again);
          for (const each of events) expect(each.event).toEqual(event(each.number));
          const numbers = new Set(events.map(({ number }) => number));
          expect(numbers.size).toBe(events.length);
          for (const number of range(settled, synced)) expect(numbers).toContain(number);
        },
      ),
      { numRuns: 500 },
    );
  });
});
