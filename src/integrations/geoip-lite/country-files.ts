/** Looks up countries in the files of geoip-lite 1.4, which are sorted ranges of addresses, each with its country. */
import type { LocationLookup } from '../../request/geo/geo-database.js';
import { ConvertError } from '../../utils/errors.js';
import { addressBytes } from './address.js';

/**
 * Bytes of an address. A record of a file holds the first and the last address of a range, and the two letters of the
 * country.
 */
const WIDTHS = { v4: 4, v6: 16 } as const;

/**
 * Makes a lookup over the contents of the country files for IPv4 and IPv6.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` if the contents have another format
 */
export function countryLookup(v4: Buffer, v6: Buffer): LocationLookup {
  const findV4 = rangeFinder(v4, WIDTHS.v4);
  const findV6 = rangeFinder(v6, WIDTHS.v6);
  return (ip) => {
    const address = addressBytes(ip);
    if (address === undefined) return undefined;
    const country = address.length === WIDTHS.v4 ? findV4(address) : findV6(address);
    return country === undefined ? undefined : { country };
  };
}

function rangeFinder(bytes: Buffer, width: number): (address: Uint8Array) => string | undefined {
  const size = 2 * width + 2;
  const count = bytes.length / size;
  assertRanges(bytes, width, count);
  return (address) => {
    let low = 0;
    let high = count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = middle * size;
      if (bytes.compare(address, 0, width, at, at + width) > 0) high = middle - 1;
      else if (bytes.compare(address, 0, width, at + width, at + 2 * width) < 0) low = middle + 1;
      else return bytes.toString('latin1', at + 2 * width, at + size);
    }
    return undefined;
  };
}

/** The number of ranges that are checked. If a file has another format, one of the first ranges shows it. */
const SAMPLES = 100;

function assertRanges(bytes: Buffer, width: number, count: number): void {
  const size = 2 * width + 2;
  let isRight = count > 0 && Number.isInteger(count);
  for (let sample = 0; isRight && sample < SAMPLES; sample++) {
    const at = Math.floor((sample * (count - 1)) / (SAMPLES - 1)) * size;
    const next = Math.min(at + size, bytes.length - size);
    isRight =
      /^[A-Z]{2}$/.test(bytes.toString('latin1', at + 2 * width, at + size)) &&
      bytes.compare(bytes, at + width, at + 2 * width, at, at + width) <= 0 &&
      bytes.compare(bytes, next, next + width, at, at + width) <= 0;
  }
  if (isRight) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    'geo: the country files of geoip-lite are not of the format that is known; ' +
      "geoipLite({ only: 'country' }) reads those of version 1.4",
  );
}
