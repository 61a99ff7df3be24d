/** Parses IP addresses to bytes. */
import { isIP } from 'node:net';

/**
 * Returns the 4 or 16 bytes of an IP address; undefined if `ip` is no address. The zone of an IPv6 address (`%eth0`) is
 * left out.
 */
export function addressBytes(ip: string): Uint8Array | undefined {
  const kind = isIP(ip);
  if (kind === 0) return undefined;
  return kind === 4 ? new Uint8Array(ip.split('.').map(Number)) : bytesOfV6(ip);
}

/** Returns the bytes of an IPv6 address. The caller has checked with `isIP` that `ip` is one. */
function bytesOfV6(ip: string): Uint8Array {
  const [address = ''] = ip.split('%');
  const [head = '', tail] = address.split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const bytes = new Uint8Array(16);
  bytes.set(before);
  bytes.set(after, 16 - after.length);
  return bytes;
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
