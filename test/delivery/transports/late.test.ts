/** A transport whose code is loaded with the first POST. */
import { expect, it, vi } from 'vitest';
import { httpTransport } from '../../../src/delivery/transports/http.js';
import { lateTransport } from '../../../src/delivery/transports/late.js';
import { transportConformance } from './transport.conformance.js';

transportConformance('lateTransport', (options) => lateTransport(async () => httpTransport(options)), {
  early: 'ECONNRESET',
});

it('G5: is loaded with the first POST, which fails if it can not be; the next POST tries again', async () => {
  const post = vi.fn(async () => ({ status: 200, retryAfter: undefined }));
  const load = vi.fn(async () => ({ post, close: () => undefined }));
  load.mockRejectedValueOnce(new Error('not there'));
  const transport = lateTransport(load);
  transport.release?.();
  expect(load).not.toHaveBeenCalled();
  await expect(transport.post('https://shop.example', '{}', true)).rejects.toThrow('not there');
  expect(await transport.post('https://shop.example', '{}', true)).toMatchObject({ status: 200 });
  await transport.post('https://shop.example', '{}', false);
  expect(load).toHaveBeenCalledTimes(2);
  expect(post.mock.calls).toHaveLength(2);
});

it('G5: is closed if that was asked for while it was loaded', async () => {
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const transport = lateTransport(async () => {
    await gate;
    return httpTransport();
  });
  const posted = transport.post('http://127.0.0.1:9', '{}', true);
  transport.close();
  open();
  await expect(posted).rejects.toMatchObject({ code: 'ECANCELED' });
});
