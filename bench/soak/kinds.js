/** The outboxes that have to stand an outage, and the bytes of events that each may have in memory. */
const MIB = 1024 * 1024;

export const KINDS = [
  {
    id: 'memory',
    title: 'in memory',
    bound: 64 * MIB,
    delivery: () => ({ maxQueueBytes: 64 * MIB }),
  },
  {
    id: 'spool',
    title: 'spooled',
    bound: 4 * MIB,
    delivery: (folder) => ({ maxQueueBytes: 4 * MIB, spool: folder }),
  },
];
