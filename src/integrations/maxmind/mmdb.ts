/**
 * Looks up addresses in the bytes of a MaxMind DB file (version 2 of the format), and checks before that the bytes are
 * one.
 */
import { isIP } from 'node:net';
import type * as maxmind from 'maxmind';
import type { LocationLookup } from '../../request/geo/geo-database.js';
import { plainAddress } from '../../request/ip-address.js';
import { locationOfRecord } from './mmdb-record.js';

export type MmdbReader = typeof maxmind.Reader;

const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
/** The metadata begin within the last 128 KiB of a file. */
const MAX_METADATA = 128 * 1024;
const SEPARATOR = 16;

/** Makes a lookup that takes IPv4 and IPv6 addresses. Throws an Error that says why the bytes cannot be used. */
export function mmdbLookup(bytes: Buffer, Reader: MmdbReader): LocationLookup {
  assertComplete(bytes);
  const reader = new Reader<object>(bytes);
  const { binaryFormatMajorVersion: version, ipVersion, searchTreeSize } = reader.metadata;
  if (version !== 2) throw new Error(`it is of version ${version} of the format; version 2 is meant`);
  // The separator stands between the two parts of a file: it is displaced if the file was cut and continued.
  const separator = bytes.subarray(searchTreeSize, searchTreeSize + SEPARATOR);
  if (separator.length < SEPARATOR || separator.some((byte) => byte !== 0)) throw new Error('it is damaged');
  const lookup: LocationLookup = (ip) => {
    const [address = ''] = plainAddress(ip).split('%');
    const kind = isIP(address);
    // In a tree of IPv4 addresses, the bits of an IPv6 address would lead to a wrong record.
    if (kind === 0 || (kind === 6 && ipVersion === 4)) return undefined;
    const record = reader.get(address);
    return record && locationOfRecord(record);
  };
  for (const address of SAMPLES) lookup(address);
  return lookup;
}

/**
 * Throws if the bytes are no complete MaxMind DB. A file that was cut off lacks the metadata, which stand at its end.
 */
function assertComplete(bytes: Buffer): void {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    throw new Error('it is packed (gzip): unpack the .mmdb file from it');
  const end = bytes.subarray(Math.max(0, bytes.length - MAX_METADATA));
  if (!end.includes(MARKER)) throw new Error('it is no MaxMind DB (.mmdb), or not all of one');
}

/** Addresses from all over the tree, to see that its records can be read. */
const SAMPLES: readonly string[] = [
  ...Array.from({ length: 56 }, (_, i) => `${i * 4 + 1}.${(i * 37) % 256}.${(i * 101) % 256}.1`),
  ...Array.from({ length: 32 }, (_, i) => `2${(i * 127).toString(16).padStart(3, '0')}:${i * 11}::1`),
];
