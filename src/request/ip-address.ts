/** Brings IP addresses into one form, however a socket or a proxy wrote them. */

/**
 * Matches an address with a port. Some proxies (Azure's Application Gateway and App Service) write the port of the
 * client too: `1.2.3.4:5678`, `[2001:db8::1]:5678`.
 */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+):\d{1,5}|\[([0-9a-f:.]+)\](?::\d{1,5})?)$/i;
const MAPPED = /^(?:::|(?:0{1,4}:){5})ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i;
/** The length of the longest text for an IPv6 address in brackets with a port. */
const MAX_ADDRESS = 45 + '[]:65535'.length;

/**
 * Returns an address without its port. An IPv4 address that a dual-stack socket wrote as IPv6 (`::ffff:8.8.8.8`,
 * `::ffff:808:808`) becomes `8.8.8.8`. A text that is too long for an address becomes ''.
 */
export function plainAddress(ip: string): string {
  if (ip.length > MAX_ADDRESS) return '';
  const [, v4, v6] = WITH_PORT.exec(ip) ?? [];
  const address = v4 ?? v6 ?? ip;
  const mapped = MAPPED.exec(address);
  if (mapped === null) return address;
  const [, dotted, high = '', low = ''] = mapped;
  if (dotted !== undefined) return dotted;
  const halves = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return halves.flatMap((half) => [half >> 8, half & 255]).join('.');
}
