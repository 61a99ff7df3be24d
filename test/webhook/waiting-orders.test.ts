import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OrderFiles } from '../../src/convert/types.js';
import { WaitingOrders } from '../../src/webhook/waiting-orders.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** Orders that are counted once `isOpen` is true; those that `isBad` never are. */
function waitingOrders(files?: OrderFiles<number>) {
  const door = {
    isOpen: false,
    tries: 0,
    lost: 0,
    failures: 0,
    counted: [] as number[],
    isBad: (_order: number) => false,
  };
  const orders = new WaitingOrders<number>({
    count: async (order) => {
      door.tries += 1;
      if (!door.isOpen || door.isBad(order)) return true;
      door.counted.push(order);
      return false;
    },
    lost: () => void (door.lost += 1),
    files: async () => files,
    diskFailed: () => void (door.failures += 1),
  });
  return { door, orders };
}

const after = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

it('tries one order, then all once that one is counted', async () => {
  const { door, orders } = waitingOrders();
  for (const order of [1, 2, 3]) expect(await orders.add(order)).toBe(true);
  await after(1);
  expect(door.tries).toBe(1);
  door.isOpen = true;
  await after(2);
  expect(door.counted.sort()).toEqual([1, 2, 3]);
  expect(orders.size).toBe(0);
  const { tries } = door;
  await after(600);
  expect(door.tries).toBe(tries);
});

it('waits longer after each try that fails, and not for ever', async () => {
  const { door, orders } = waitingOrders();
  await orders.add(1);
  await after(1);
  expect(door.tries).toBe(1);
  await after(2);
  expect(door.tries).toBe(2);
  await after(4 + 8 + 16 + 30);
  expect(door.tries).toBe(6);
  await after(30);
  expect(door.tries).toBe(7);
});

it('counts the others if one is refused for a reason of its own', async () => {
  const { door, orders } = waitingOrders();
  Object.assign(door, { isOpen: true, isBad: (order: number) => order === 1 });
  for (const order of [1, 2, 3]) await orders.add(order);
  await after(10);
  expect(door.counted).toEqual([2, 3]);
  expect(orders.size).toBe(1);
});

it('gives an order up after ten minutes, and says so', async () => {
  const { door, orders } = waitingOrders();
  await orders.add(1);
  await after(500);
  await orders.add(2);
  await after(130);
  expect(door.lost).toBe(1);
  expect(orders.size).toBe(1);
  await after(600);
  expect(door.lost).toBe(2);
  expect(orders.size).toBe(0);
});

it('has room for a thousand', async () => {
  const { orders } = waitingOrders();
  for (let order = 0; order < 1_000; order++) expect(await orders.add(order)).toBe(true);
  expect(await orders.add(1_000)).toBe(false);
  expect(orders.size).toBe(1_000);
});

describe('on a disk', () => {
  /** A disk that holds what other processes have left, until one adopts it. */
  function fakeFiles(left: { order: number | undefined; at: number }[] = []) {
    const held = new Map<string, number | undefined>();
    const disk = { held, isBroken: false, room: [] as number[] };
    const working = <T>(work: () => T): T => {
      if (disk.isBroken) throw new Error('no disk');
      return work();
    };
    const files = {
      add: async (order: number) => working(() => (held.set(`f${order}`, order), `f${order}`)),
      has: async (name: string) => working(() => held.has(name)),
      remove: async (name: string) => working(() => void held.delete(name)),
      adopt: async (room: number) =>
        working(() => {
          disk.room.push(room);
          return left.splice(0).map(({ order, at }, n) => {
            held.set(`left-${n}`, order);
            return { name: `left-${n}`, order, at };
          });
        }),
    };
    return { disk, files: files as unknown as OrderFiles<number> };
  }

  it('is kept until it is counted, and not counted if another process has taken it over', async () => {
    const { disk, files } = fakeFiles();
    const { door, orders } = waitingOrders(files);
    for (const order of [1, 2]) await orders.add(order);
    expect([...disk.held.keys()]).toEqual(['f1', 'f2']);
    disk.held.delete('f2');
    door.isOpen = true;
    await after(1);
    expect(door.counted).toEqual([1]);
    expect([orders.size, disk.held.size, door.lost]).toEqual([0, 0, 0]);
  });

  it('is counted though its process has died; one that has waited long gets a last try', async () => {
    const { disk, files } = fakeFiles([
      { order: 1, at: Date.now() - 60_000 },
      { order: 2, at: Date.now() - 20 * 60_000 },
      { order: undefined, at: 0 },
    ]);
    const { door, orders } = waitingOrders(files);
    await after(0);
    expect([orders.size, door.lost, [...disk.held.keys()]]).toEqual([2, 1, ['left-0', 'left-1']]);
    await after(1);
    // The one that is too old is given up.
    expect([orders.size, door.lost, [...disk.held.keys()]]).toEqual([1, 2, ['left-0']]);
    await after(5);
    expect(disk.room).toEqual([1_000, 999]);
    door.isOpen = true;
    await after(30);
    expect(door.counted).toEqual([1]);
    expect(disk.held.size).toBe(0);
  });

  it('waits in memory if the disk fails, which is told once', async () => {
    const { disk, files } = fakeFiles();
    disk.isBroken = true;
    const { door, orders } = waitingOrders(files);
    for (const order of [1, 2]) expect(await orders.add(order)).toBe(true);
    door.isOpen = true;
    await after(20);
    expect(door.counted).toEqual([1, 2]);
    expect(door.failures).toBe(1);
  });
});
