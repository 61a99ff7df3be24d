import { describe, expect, it, vi } from 'vitest';
import { bindMethods, bindWhenRead } from '../../src/utils/detached-methods.js';

class Base {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  get label(): string {
    return `<${this.#name}>`;
  }
  hello(...to: string[]): string {
    return [this.#name, ...to].join(' ');
  }
  shout(): string {
    return this.#name.toUpperCase();
  }
}

function kinds(): { name: string; make: (name: string) => Base }[] {
  class Read extends Base {
    override shout(): string {
      return `${super.shout()}!`;
    }
  }
  class Own extends Base {
    constructor(name: string) {
      super(name);
      bindMethods(this);
    }
    override shout(): string {
      return `${super.shout()}!`;
    }
  }
  bindWhenRead(Read);
  return [
    { name: 'Own', make: (name) => new Own(name) },
    { name: 'Read', make: (name) => new Read(name) },
  ];
}

describe.each(kinds())('methods that are bound: $name', ({ make }) => {
  it('B4: work detached, with all of their arguments', () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- what the test is about
    const { hello, shout } = make('ann');
    const other = make('ben');
    expect([hello('a', 'b'), shout(), other.hello(), other.shout()]).toEqual([
      'ann a b',
      'ANN!',
      'ben',
      'BEN!',
    ]);
    expect(['x', 'y'].map((each) => hello(each))).toEqual(['ann x', 'ann y']);
  });

  it('B4: leave getters and what is enumerable alone', () => {
    const one = make('ann');
    expect(one.label).toBe('<ann>');
    expect(Object.keys(one)).toEqual([]);
    expect(one.constructor.name).toMatch(/^(Own|Read)$/);
  });

  it('B4: can be spied on', () => {
    const one = make('ann');
    const spy = vi.spyOn(one, 'hello');
    expect(one.hello('a')).toBe('ann a');
    expect(spy).toHaveBeenCalledWith('a');
    spy.mockReturnValue('nobody');
    expect(one.hello('a')).toBe('nobody');
    spy.mockRestore();
    expect(one.hello('a')).toBe('ann a');
  });

  it('B4: can be replaced on one object', () => {
    const one = make('ann');
    one.hello = () => 'another';
    expect(one.hello()).toBe('another');
    expect(make('ben').hello()).toBe('ben');
  });
});
