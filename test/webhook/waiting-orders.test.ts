import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WaitingOrders } from '../../src/webhook/waiting-orders.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** Orders that are counted once `isOpen` is true; those that `isBad` never are. */
function waitingOrders() {
  const door = {
    isOpen: false,
    tries: 0,
    lost: 0,
    counted: [] as number[],
    isBad: (_order: number) => false,
  };
  const orders = new WaitingOrders<number>(
    async (order) => {
      door.tries += 1;
      if (!door.isOpen || door.isBad(order)) return true;
      door.counted.push(order);
      return false;
    },
    () => void (door.lost += 1),
  );
  return { door, orders };
}

const after = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

it('tries one order, then all once that one is counted', async () => {
  const { door, orders } = waitingOrders();
  for (const order of [1, 2, 3]) expect(orders.add(order)).toBe(true);
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
  orders.add(1);
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
  for (const order of [1, 2, 3]) orders.add(order);
  await after(10);
  expect(door.counted).toEqual([2, 3]);
  expect(orders.size).toBe(1);
});

it('gives an order up after ten minutes, and says so', async () => {
  const { door, orders } = waitingOrders();
  orders.add(1);
  await after(500);
  orders.add(2);
  await after(130);
  expect(door.lost).toBe(1);
  expect(orders.size).toBe(1);
  await after(600);
  expect(door.lost).toBe(2);
  expect(orders.size).toBe(0);
});

it('has room for a thousand', () => {
  const { orders } = waitingOrders();
  for (let order = 0; order < 1_000; order++) expect(orders.add(order)).toBe(true);
  expect(orders.add(1_000)).toBe(false);
  expect(orders.size).toBe(1_000);
});
