/** Tombstones: what the spool keeps of visitors who were forgotten has to be on the disk before the call ends. */
import { expect, it } from 'vitest';
import { spoolOutbox } from '../../../src/delivery/spool/spool-outbox.js';
import { send, startOutbox, stored } from '../fakes.js';
import { fakeDisk } from './fake-disk.js';

it('tells that a tombstone did not reach the disk', async () => {
  const disk = fakeDisk();
  const kit = startOutbox(spoolOutbox('/spool', { files: disk }), { maxBatchEvents: 1 });
  send(kit, ['a', 'v1']);
  await stored(kit);
  const create = disk.create.bind(disk);
  disk.create = async (path) => {
    const file = await create(path);
    if (!path.endsWith('.forgotten')) return file;
    return {
      ...file,
      sync: async () => Promise.reject(Object.assign(new Error('no disk'), { code: 'EIO' })),
    };
  };
  await expect((async () => kit.outbox.forget?.(['v1']))()).rejects.toMatchObject({ code: 'CONVERT_SPOOL' });
});
