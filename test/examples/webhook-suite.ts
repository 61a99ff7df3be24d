/** Tests of the order webhook of the demo shop: who may call it, and what it counts. */
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHROME, type FRAMEWORKS, PURCHASE, type Shop, startShop } from './shop.js';

export function webhookSuite(frameworks: readonly (typeof FRAMEWORKS)[number][]): void {
  describe.each(frameworks)('the webhook of the shop on %s', (framework) => {
    let shop: Shop;

    beforeEach(async () => {
      shop = await startShop(framework);
    });
    afterEach(() => shop.close());

    const browser = { 'User-Agent': CHROME, Cookie: 'consent=granted; cv_vid=visitor-1; cart=bud-vase*2' };

    /** Places an order, whose payment the shop is told of by itself. */
    async function order(): Promise<string> {
      await fetch(shop.url, { headers: browser });
      const response = await fetch(`${shop.url}/checkout`, {
        method: 'POST',
        headers: browser,
        redirect: 'manual',
      });
      expect(response.status).toBe(303);
      return new URL(response.headers.get('location')!, shop.url).searchParams.get('order')!;
    }

    const paid = (id: string, total = 8400) =>
      JSON.stringify({
        type: 'order.paid',
        order: { id, total, count: 2, metadata: { visitor: 'visitor-1' } },
      });
    const sign = (body: string, secret = shop.secret) =>
      createHmac('sha256', secret).update(body).digest('hex');

    async function post(body: string | undefined, signature?: string): Promise<number> {
      const headers = {
        'Content-Type': 'application/json',
        ...(signature !== undefined && { 'X-Signature': signature }),
      };
      const response = await fetch(`${shop.url}/webhooks/order-paid`, { method: 'POST', headers, body });
      return response.status;
    }

    /** Everything that will ever arrive. */
    async function purchases(): Promise<unknown[]> {
      await shop.close();
      return shop.events.filter(({ data }) => data.goalId === PURCHASE).map(({ data }) => data.goalData);
    }

    const transaction = (id: string) => [
      { key: 'amount', value: 84 },
      { key: 'transactionId', value: id },
      { key: 'productsCount', value: 2 },
    ];

    it('counts nothing for whoever does not know the secret', async () => {
      const id = await order();
      const forged = paid(id, 999_900);
      const attempts = [
        await post(forged),
        await post(forged, ''),
        await post(forged, 'no signature'),
        await post(forged, sign(forged, 'another secret')),
        // The signature of something else.
        await post(forged, sign(paid(id))),
        await post(forged, sign(forged).slice(0, -1)),
        await post(forged, sign(forged).toUpperCase()),
      ];
      expect(attempts).toEqual(attempts.map(() => 401));
      // Some frameworks refuse a request without a body before anybody sees it.
      expect([400, 401]).toContain(await post(undefined));
      expect(await purchases()).toEqual([undefined, transaction(id)]);
    });

    it('counts an order once, however often it is told of it', async () => {
      const id = await order();
      expect(await post(paid(id), sign(paid(id)))).toBe(200);
      expect(await post(paid(id), sign(paid(id)))).toBe(200);
      expect(await purchases()).toEqual([undefined, transaction(id)]);
    });

    it('counts the goal once for a visitor who comes back, and the revenue of each order', async () => {
      const first = await order();
      const second = await order();
      expect(await purchases()).toEqual([undefined, transaction(first), transaction(second)]);
    });

    it('counts nothing for an order that it does not know', async () => {
      expect(await post(paid('unheard-of'), sign(paid('unheard-of')))).toBe(200);
      expect(await purchases()).toEqual([]);
    });
  });
}
