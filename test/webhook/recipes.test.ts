/** The recipes in examples/webhooks, with signatures that openssl has made. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testConvert, type TestConvert } from '../../src/testing.js';
import { conversionWebhook, type ConversionWebhookOptions } from '../../src/webhook.js';
import { nowInSeconds, opensslHmac, requestOf } from './senders.js';

/** As an app imports them: they use the built package. */
async function recipe(name: string, given: object): Promise<Partial<ConversionWebhookOptions>> {
  const path = `../../examples/webhooks/${name}.js`;
  const module = (await import(path)) as Record<string, (given: object) => Partial<ConversionWebhookOptions>>;
  return module[name]!(given);
}

function webhookOf(options: Partial<ConversionWebhookOptions>) {
  const convert: TestConvert = testConvert({}, { logger: false });
  const webhook = conversionWebhook(convert, { goal: 'purchase', ...options });
  return {
    convert,
    post: async (body: string, headers: Record<string, string> = {}) => {
      const answer = await webhook(requestOf(body, headers));
      return [answer.status, answer.body];
    },
  };
}

/** One conversion, of `visitor-1`, with this data. */
const counted = (amount: number, transactionId: string) => [
  {
    visitorId: 'visitor-1',
    goalKey: 'purchase',
    conversionData: [
      { key: 'amount', value: amount },
      { key: 'transactionId', value: transactionId },
    ],
  },
];

it('Square: the URL is signed, too', async () => {
  const url = 'https://shop.example/webhooks/square';
  const { convert, post } = webhookOf(await recipe('square', { secret: 'key', url }));
  const bodyOf = (status: string) =>
    JSON.stringify({
      type: 'payment.updated',
      data: {
        object: {
          payment: {
            id: 'p1',
            status,
            amount_money: { amount: 4990, currency: 'USD' },
            reference_id: 'visitor-1',
          },
        },
      },
    });
  const sign = (body: string, signedUrl = url) => ({
    'x-square-hmacsha256-signature': opensslHmac(signedUrl + body, 'key', 'base64'),
  });
  const paid = bodyOf('COMPLETED');
  expect(await post(paid, sign(paid, 'http://shop.example/webhooks/square'))).toEqual([401, 'bad-signature']);
  expect(await post(bodyOf('APPROVED'), sign(bodyOf('APPROVED')))).toEqual([200, 'ignored']);
  expect(await post(paid, sign(paid))).toEqual([200, 'tracked']);
  expect(await post(paid, sign(paid))).toEqual([200, 'already-tracked']);
  expect(convert.conversions).toEqual(counted(49.9, 'p1'));
});

it('Adyen: the signature stands in the item, and keys are hexadecimal', async () => {
  const [key, older] = ['00ff10'.repeat(10), 'ab12'.repeat(16)];
  const { convert, post } = webhookOf(await recipe('adyen', { keys: [key, older] }));
  const bodyOf = (success: string, signedWith: string, value = 4990) => {
    const signed = `psp1::Shop:order-1:4990:EUR:AUTHORISATION:${success}`;
    const args = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${signedWith}`, '-binary'];
    const hmacSignature = execFileSync('openssl', args, { input: signed }).toString('base64');
    const item = {
      pspReference: 'psp1',
      merchantAccountCode: 'Shop',
      merchantReference: 'order-1',
      amount: { value, currency: 'EUR' },
      eventCode: 'AUTHORISATION',
      success,
      additionalData: { hmacSignature, 'metadata.cv_vid': 'visitor-1' },
    };
    return JSON.stringify({ live: 'true', notificationItems: [{ NotificationRequestItem: item }] });
  };
  expect(await post(bodyOf('true', 'cd34'.repeat(16)))).toEqual([401, 'bad-signature']);
  expect(await post(bodyOf('true', key, 1))).toEqual([401, 'bad-signature']);
  expect(await post('{}')).toEqual([401, 'bad-signature']);
  expect(await post(bodyOf('false', key))).toEqual([200, 'ignored']);
  expect(await post(bodyOf('true', older))).toEqual([200, 'tracked']);
  expect(await post(bodyOf('true', key))).toEqual([200, 'already-tracked']);
  expect(convert.conversions).toEqual(counted(49.9, 'psp1'));
});

describe('PayPal', () => {
  let folder = '';
  let certificate = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'paypal-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
    ];
    execFileSync('openssl', [...args, '-subj', '/CN=messageverificationcerts.paypal.com'], {
      stdio: 'ignore',
    });
    certificate = readFileSync(cert, 'utf8');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const CERTIFICATE_URL = 'https://api.paypal.com/v1/notifications/certs/CERT-1';
  const body = JSON.stringify({
    event_type: 'PAYMENT.CAPTURE.COMPLETED',
    resource: { id: 'cap1', amount: { value: '49.90', currency_code: 'EUR' }, custom_id: 'visitor-1' },
  });

  function sign(text: string, url = CERTIFICATE_URL) {
    const [id, time] = ['transmission-1', '2026-11-30T12:00:00Z'];
    const input = `${id}|${time}|WH-1|${crc32(text)}`;
    const signature = execFileSync('openssl', ['dgst', '-sha256', '-sign', join(folder, 'key')], { input });
    return {
      'paypal-transmission-id': id,
      'paypal-transmission-time': time,
      'paypal-transmission-sig': signature.toString('base64'),
      'paypal-cert-url': url,
    };
  }

  it('is verified by its certificate, which only a host of PayPal may have', async () => {
    const fetched: string[] = [];
    const fetchText = async (url: string) => {
      fetched.push(url);
      return certificate;
    };
    const { convert, post } = webhookOf(await recipe('paypal', { webhookId: 'WH-1', fetchText }));
    expect(await post(body, sign(body))).toEqual([200, 'tracked']);
    expect(await post(body, sign(body))).toEqual([200, 'already-tracked']);
    expect(await post(body.replace('49.90', '99.90'), sign(body))).toEqual([401, 'bad-signature']);
    for (const url of ['https://api.paypal.com.evil.example/cert', 'http://api.paypal.com/cert', 'nonsense'])
      expect(await post(body, sign(body, url))).toEqual([401, 'bad-signature']);
    expect(await post(body)).toEqual([401, 'bad-signature']);
    expect(fetched).toEqual([CERTIFICATE_URL]);
    expect(convert.conversions).toEqual(counted(49.9, 'cap1'));
    const other = webhookOf(await recipe('paypal', { webhookId: 'WH-2', fetchText }));
    expect(await other.post(body, sign(body))).toEqual([401, 'bad-signature']);
  });
});

it('BigCommerce: the order comes from its API, and if that fails, the event comes again', async () => {
  const clientSecret = 'the client secret of the app';
  let isDown = true;
  const get = async (path: string) => {
    if (isDown) throw new Error('ECONNREFUSED');
    if (path === '/v2/orders/7') return { id: 7, total_inc_tax: '49.9000', currency_code: 'USD' };
    return { data: [{ key: 'cv_vid', value: 'visitor-1' }] };
  };
  const { convert, post } = webhookOf(await recipe('bigcommerce', { clientSecret, get }));
  const bodyOf = (status: number) =>
    JSON.stringify({
      scope: 'store/order/statusUpdated',
      data: { id: 7, status: { new_status_id: status } },
    });
  const sign = (body: string, secret = clientSecret) => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(nowInSeconds()),
    'webhook-signature': new Webhook(Buffer.from(secret).toString('base64')).sign('msg_1', new Date(), body),
  });
  const paid = bodyOf(11);
  expect(await post(paid, sign(paid, 'another'))).toEqual([401, 'bad-signature']);
  expect(await post(bodyOf(1), sign(bodyOf(1)))).toEqual([200, 'ignored']);
  expect(await post(paid, sign(paid))).toEqual([503, 'failed']);
  isDown = false;
  expect(await post(paid, sign(paid))).toEqual([200, 'tracked']);
  expect(convert.conversions).toEqual(counted(49.9, '7'));
});
