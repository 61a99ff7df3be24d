/**
 * Keeps orders that wait on disk, in a folder that the processes of a project share, so that an order outlives its
 * process:
 *
 *     10035569-10034190.orders/    in the folder of `delivery.spool`
 *       3f9a1c0be2d4.lease         touched every two seconds by the owner of the orders of this name
 *       3f9a1c0be2d4-0.order       an order, and since when it waits, as JSON
 *
 * An owner whose lease is missing, or was not touched for ten seconds, counts as dead, as in the spool. Whoever renames
 * one of its orders first owns that order.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { nodeFiles, type SpoolFiles } from '../delivery/spool/files.js';
import { ownFolder } from '../delivery/spool/folder.js';
import { LEASE, type LeaseOptions, OtherLeases, OwnLease } from '../delivery/spool/process-leases.js';
import type { OrderFolder } from './order-folder.js';
import type { OrderFile, OrderFiles } from './types.js';
import { ignoreMissing } from '../utils/errors.js';

const NAME = /^([0-9a-f]{12})(?:-\d{1,9}\.order|\.lease)$/;

export class FolderOrderFiles<Order> implements OrderFiles<Order> {
  readonly #isOrder: (value: unknown) => value is Order;
  readonly #folder: OrderFolder;
  readonly #files: SpoolFiles;
  readonly #leases: LeaseOptions;
  readonly #owner = randomBytes(6).toString('hex');
  #names = 0;
  #opening: Promise<OpenFolder> | undefined;

  /** @param internals for tests */
  constructor(
    isOrder: (value: unknown) => value is Order,
    folder: OrderFolder,
    { files = nodeFiles, ...leases }: LeaseOptions & { files?: SpoolFiles } = {},
  ) {
    this.#isOrder = isOrder;
    this.#folder = folder;
    this.#files = files;
    this.#leases = leases;
  }

  async add(order: Order, at: number): Promise<string> {
    const { path, lease } = await this.#open();
    await lease();
    const name = this.#nextName();
    const file = await this.#files.create(join(path, name));
    try {
      await file.append(Buffer.from(JSON.stringify({ at, order })));
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#files.syncFolder(path);
    return name;
  }

  async has(name: string): Promise<boolean> {
    const { path } = await this.#open();
    return (await this.#files.inspect(join(path, name))) !== undefined;
  }

  async remove(name: string): Promise<void> {
    const { path } = await this.#open();
    await this.#files.remove(join(path, name)).catch(ignoreMissing);
  }

  /** An owner counts as dead at the second call at the earliest. */
  async adopt(room: number): Promise<OrderFile<Order>[]> {
    const { path, lease, others } = await this.#open();
    const names = await this.#files.list(path);
    const owners = new Set(names.flatMap((name) => NAME.exec(name)?.[1] ?? []));
    owners.delete(this.#owner);
    others.keepOnly(owners);
    const adopted: OrderFile<Order>[] = [];
    for (const owner of owners) {
      if (!(await others.isDead(owner))) continue;
      const orders = names.filter((name) => name.startsWith(`${owner}-`));
      if (orders.length === 0) await this.#files.remove(join(path, owner + LEASE)).catch(ignoreMissing);
      for (const name of orders.slice(0, room - adopted.length)) {
        await lease();
        const own = await this.#claim(path, name);
        if (own !== undefined) adopted.push(await this.#read(path, own));
      }
    }
    return adopted;
  }

  /** Returns the name that the order has from now on; undefined if another process was faster. */
  async #claim(path: string, name: string): Promise<string | undefined> {
    const own = this.#nextName();
    try {
      await this.#files.rename(join(path, name), join(path, own));
      return own;
    } catch (error) {
      ignoreMissing(error);
      return undefined;
    }
  }

  async #read(path: string, name: string): Promise<OrderFile<Order>> {
    const { size = 0 } = (await this.#files.inspect(join(path, name))) ?? {};
    const file = await this.#files.open(join(path, name));
    try {
      const { at, order } = parsed(await file.read(0, size));
      const since = typeof at === 'number' ? at : 0;
      return { name, at: since, order: this.#isOrder(order) ? order : undefined };
    } finally {
      await file.close();
    }
  }

  #nextName(): string {
    return `${this.#owner}-${this.#names++}.order`;
  }

  /** Opens the folder at the first call, and makes it if it is missing. If that fails, the next call tries again. */
  #open(): Promise<OpenFolder> {
    const opening = (this.#opening ??= this.#openNow());
    opening.catch(() => (this.#opening = undefined));
    return opening;
  }

  async #openNow(): Promise<OpenFolder> {
    const { root, name } = this.#folder;
    const path = await ownFolder(this.#files, root, name);
    let lease: OwnLease | undefined;
    return {
      path,
      others: new OtherLeases(this.#files, path, this.#leases),
      // The lease is there before the first order: an owner without one counts as dead.
      lease: async () => {
        if (lease?.isFresh === true) return;
        lease ??= new OwnLease(this.#files, path, this.#owner, this.#leases);
        await lease.touch();
      },
    };
  }
}

interface OpenFolder {
  readonly path: string;
  readonly others: OtherLeases;
  /** Makes the lease of this owner if it is not there. */
  readonly lease: () => Promise<void>;
}

/** Anything may be missing: the process may have died while it wrote. */
function parsed(data: Buffer): { readonly at?: unknown; readonly order?: unknown } {
  try {
    return (JSON.parse(data.toString()) ?? {}) as object;
  } catch {
    return {};
  }
}
