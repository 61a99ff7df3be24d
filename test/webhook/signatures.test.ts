/** The signatures of each platform, made by implementations that are not ours. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Stripe from 'stripe';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { nodeDigests } from '../../src/utils/node/digests.js';
import { hmac, lemonSqueezy, shopify, standardWebhooks, stripe } from '../../src/webhook.js';
import { nowInSeconds, requestOf, SENDERS, type Sender } from './senders.js';

/** What a signature is over: bytes beyond ASCII, too, and a line end at the end. */
const BODY = '{"a":"é 漢 \u{1f600}","b":[1.50, 2]}\n';

const HEADERS_OF_SIGNATURES = /signature|hmac/;

async function verdict(
  sender: Sender,
  given: Partial<{
    secret: string | string[];
    body: string;
    seconds: number;
    signedWith: string;
    change: (signature: string) => string;
    tolerance: number;
  }> = {},
): Promise<string> {
  const { secret = sender.secrets[0], seconds = nowInSeconds(), signedWith = sender.secrets[0] } = given;
  const headers = await sender.sign(BODY, signedWith, seconds);
  const { change = (signature) => signature } = given;
  const changed = Object.entries(headers).map(([name, value]) => [
    name,
    HEADERS_OF_SIGNATURES.test(name) ? change(value) : value,
  ]);
  const request = requestOf(given.body ?? BODY, Object.fromEntries(changed) as Record<string, string>);
  return sender.platform(secret, given.tolerance).verify(request, Date.now(), nodeDigests);
}

describe.each(SENDERS.map((sender) => [sender.name, sender] as const))('%s', (_name, sender) => {
  const [first, second] = sender.secrets;

  it('verifies what its own implementation signs', async () => {
    expect(await verdict(sender)).toBe('verified');
  });

  it('refuses another secret', async () => {
    expect(await verdict(sender, { signedWith: second })).toBe('bad-signature');
  });

  it('refuses another body', async () => {
    expect(await verdict(sender, { body: BODY.replace('1.50', '1.51') })).toBe('bad-signature');
    expect(await verdict(sender, { body: BODY.trimEnd() })).toBe('bad-signature');
    expect(await verdict(sender, { body: '' })).toBe('bad-signature');
  });

  it('refuses a signature that is cut, longer, in capitals, of another kind, or not there', async () => {
    const changes: ((signature: string) => string)[] = [
      (signature) => signature.slice(0, -1),
      (signature) => `${signature}0`,
      (signature) => signature.toUpperCase(),
      () => '',
      () => 'v1,',
      () => 't=1,v1=',
      () => `t=${nowInSeconds()}`,
      () => '='.repeat(5_000),
      () => 'constructor',
    ];
    for (const change of changes) expect(await verdict(sender, { change })).toBe('bad-signature');
    expect(sender.platform(first).verify(requestOf(BODY), Date.now(), nodeDigests)).toBe('bad-signature');
  });

  it('takes both secrets while they are rotated, in either order, and no third one', async () => {
    const rotated = [
      [first, second],
      [second, first],
    ];
    for (const secret of rotated) {
      expect(await verdict(sender, { secret, signedWith: first })).toBe('verified');
      expect(await verdict(sender, { secret, signedWith: second })).toBe('verified');
    }
    expect(await verdict(sender, { secret: [second], signedWith: first })).toBe('bad-signature');
  });

  it('has a tolerance of 300 seconds in both directions, if the time is signed', async () => {
    const late = sender.isTimed ? 'stale' : 'verified';
    const now = nowInSeconds();
    for (const near of [-290, 290]) expect(await verdict(sender, { seconds: now + near })).toBe('verified');
    for (const far of [-310, 310]) expect(await verdict(sender, { seconds: now + far })).toBe(late);
    if (sender.isTimed) {
      expect(await verdict(sender, { seconds: now - 310, tolerance: 600 })).toBe('verified');
      expect(await verdict(sender, { seconds: now - 310, signedWith: second })).toBe('bad-signature');
    }
  });

  it('never throws, whatever the headers hold', () => {
    const platform = sender.platform(first);
    const names = [
      'stripe-signature',
      'paddle-signature',
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
      'svix-id',
      'x-signature',
      'x-shopify-hmac-sha256',
      'x-hub-signature-256',
      'x-wc-webhook-signature',
    ];
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(...names),
          fc.oneof(fc.string(), fc.constant('t=1,v1=00'), fc.constant('ts=1;h1=00')),
        ),
        fc.uint8Array(),
        (headers, body) => {
          expect(platform.verify(requestOf(body, headers), Date.now(), nodeDigests)).toBe('bad-signature');
        },
      ),
    );
  });
});

describe('details of the platforms', () => {
  it('Stripe: any of the signatures may be right, and those of older schemes are not looked at', () => {
    const secret = 'whsec_x';
    const timestamp = nowInSeconds();
    const right = Stripe.webhooks.generateTestHeaderString({ payload: BODY, secret, timestamp });
    const hex = right.split('v1=')[1]!;
    const check = (header: string) =>
      stripe({ secret }).verify(requestOf(BODY, { 'stripe-signature': header }), Date.now(), nodeDigests);
    expect(check(`t=${timestamp},v1=${'0'.repeat(64)},v1=${hex},v0=${hex}`)).toBe('verified');
    expect(check(`t=${timestamp},v0=${hex}`)).toBe('bad-signature');
    expect(check(`t=${timestamp + 1},v1=${hex}`)).toBe('bad-signature');
    expect(check(`t=,v1=${hex}`)).toBe('bad-signature');
  });

  it('Standard Webhooks: headers of Svix, several signatures, secrets with and without whsec_', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const seconds = nowInSeconds();
    const signature = new Webhook(secret).sign('msg_2', new Date(seconds * 1000), BODY);
    const headers = {
      'svix-id': 'msg_2',
      'svix-timestamp': String(seconds),
      'svix-signature': `v1,AAAA v2,${signature.slice(3)} ${signature}`,
    };
    for (const each of [secret, secret.slice('whsec_'.length)])
      expect(
        standardWebhooks({ secret: each }).verify(requestOf(BODY, headers), Date.now(), nodeDigests),
      ).toBe('verified');
    const other = { ...headers, 'svix-id': 'msg_3' };
    expect(standardWebhooks({ secret }).verify(requestOf(BODY, other), Date.now(), nodeDigests)).toBe(
      'bad-signature',
    );
  });

  it('Standard Webhooks: Ed25519, signed by openssl', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const seconds = String(nowInSeconds());
    const files = ['key', 'data'].map((name) => join(tmpdir(), `webhook-${process.pid}-${name}`));
    writeFileSync(files[0]!, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(files[1]!, `msg_1.${seconds}.${BODY}`);
    const args = ['pkeyutl', '-sign', '-rawin', '-inkey', files[0]!, '-in', files[1]!];
    const signature = execFileSync('openssl', args).toString('base64');
    for (const file of files) rmSync(file);
    const { x } = publicKey.export({ format: 'jwk' });
    const secret = `whpk_${Buffer.from(x!, 'base64url').toString('base64')}`;
    const check = (body: string, given: string) =>
      standardWebhooks({ secret }).verify(
        requestOf(body, { 'webhook-id': 'msg_1', 'webhook-timestamp': seconds, 'webhook-signature': given }),
        Date.now(),
        nodeDigests,
      );
    expect(check(BODY, `v1a,${signature}`)).toBe('verified');
    expect(check(`${BODY} `, `v1a,${signature}`)).toBe('bad-signature');
    expect(check(BODY, `v1,${signature}`)).toBe('bad-signature');
    expect(check(BODY, 'v1a,AAAA')).toBe('bad-signature');
  });

  it('Shopify: the older and the newer name of the header', async () => {
    const sender = SENDERS[0]!;
    const { 'x-shopify-hmac-sha256': signature } = await sender.sign(BODY, 's', 0);
    const request = requestOf(BODY, { 'shopify-hmac-sha256': signature! });
    expect(shopify({ secret: 's' }).verify(request, Date.now(), nodeDigests)).toBe('verified');
  });
});

describe('options of platforms', () => {
  it.each([
    [() => shopify({} as never), 'option `secret` is missing'],
    [
      () => shopify({ secret: undefined as never }),
      'option `secret` of shopify is missing: is its environment variable set?',
    ],
    [() => shopify({ secret: '' }), 'option `secret` must be the secret of the webhook'],
    [() => shopify({ secret: [] }), 'option `secret` must be'],
    [() => shopify({ secret: ['good', ''] }), 'option `secret` must be'],
    [() => shopify({ secret: 's', tolerance: 5 } as never), 'unknown option `tolerance`'],
    [
      () => stripe({ secret: 's', tolerance: 0 }),
      'option `tolerance` must be a number of seconds from 1 to 86400',
    ],
    [() => lemonSqueezy({ secrets: 's' } as never), 'unknown option `secrets`, did you mean `secret`?'],
    [() => standardWebhooks({ secret: 'whsec_not base64!' }), 'option `secret` must be base64'],
    [() => standardWebhooks({ secret: 'whpk_AAAA' }), 'option `secret` must be base64'],
    [() => hmac({ secret: 's' } as never), 'option `header` is missing'],
    [() => hmac({ secret: 's', header: 'not a header' }), 'option `header` must be the name of a header'],
    [() => hmac({ secret: 's', header: 'x', encoding: 'utf8' as never }), 'option `encoding` must be one of'],
    [() => hmac({ secret: 's', header: 'x', tolerance: 60 }), 'option `tolerance` needs `time`'],
  ])('%s', (make, message) => {
    expect(make).toThrow(
      expect.objectContaining({
        code: 'CONVERT_BAD_OPTION',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it('no message shows a secret', () => {
    const long = 'a-secret-that-must-not-be-seen';
    for (const make of [
      () => shopify({ secret: [long, ''] }),
      () => shopify({ secret: { long } as never }),
      () => standardWebhooks({ secret: `whsec_${long}!` }),
    ])
      expect(make).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining('must-not-be-seen') as string }),
      );
  });
});
