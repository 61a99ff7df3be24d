import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeOf, cookieOfProject, globalOf } from '../../src/model/project-names.js';

const token = fc.stringMatching(/^[\w-]{1,20}$/);
const project = fc.stringMatching(/^\d{1,10}$/);

describe('names of an app with several projects', () => {
  it.each([
    ['cv_ses', 'cv_2003_ses'],
    ['shop_ab_key', 'shop_ab_2003_key'],
    ['ses', 'ses_2003'],
    ['__Host-ses', '__Host-ses_2003'],
    ['__Secure-cv_asg', '__Secure-cv_2003_asg'],
  ])('the cookie %s is %s', (name, named) => expect(cookieOfProject(name, '2003')).toBe(named));

  it('no two projects and no two cookies have one name', () => {
    fc.assert(
      fc.property(token, token, project, project, (one, two, first, second) => {
        const isSame = cookieOfProject(one, first) === cookieOfProject(one, second);
        expect(isSame).toBe(first === second);
        expect(cookieOfProject(one, first) === cookieOfProject(two, first)).toBe(one === two);
      }),
    );
  });

  it('the key of one project is not found in that of another', () => {
    fc.assert(
      fc.property(token, project, (name, id) => {
        const key = `${name}a_b${name.replaceAll('_', '')}`;
        const named = cookieOfProject(key, id);
        expect(named.toLowerCase().includes(key.toLowerCase())).toBe(false);
      }),
    );
  });

  it.each([
    ['convertOutlet', '__CV_convertOutlet__', 'cv-variations-convert-outlet'],
    ['outlet2', '__CV_outlet2__', 'cv-variations-outlet2'],
    [undefined, '__CV__', 'cv-variations'],
  ])('as %s, the page reads %s and %s', (as, global, attribute) => {
    expect([globalOf('__CV__', as), attributeOf('cv-variations', as)]).toEqual([global, attribute]);
  });
});
