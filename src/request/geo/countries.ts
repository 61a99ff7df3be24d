/** Countries by their codes, and which of them belong to the European Union and the European Economic Area. */

/** All 249 codes of ISO 3166-1 alpha-2, and `XK`, which databases write for Kosovo. */
const COUNTRIES: ReadonlySet<string> = codes(`
  AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
  CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
  FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
  JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
  MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
  PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
  TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
  XK
`);

/**
 * The 27 member states, and their territories with a code of their own to which the law of the Union applies (TFEU
 * Art. 349 and 355: Åland; French Guiana, Guadeloupe, Martinique, Mayotte, Réunion, Saint Martin).
 */
const UNION: ReadonlySet<string> = codes(`
  AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK
  AX GF GP MF MQ RE YT
`);

/** The states that form the European Economic Area together with the Union. */
const ASSOCIATED: ReadonlySet<string> = codes('IS LI NO');

/** True for the code of a country. `code` is in upper case. */
export function isCountry(code: string): boolean {
  return COUNTRIES.has(code);
}

/** True for a country of the European Union. `country` is a code in upper case. */
export function isInUnion(country: string): boolean {
  return UNION.has(country);
}

/** True for a country of the European Economic Area: the European Union, Iceland, Liechtenstein and Norway. */
export function isInEconomicArea(country: string): boolean {
  return UNION.has(country) || ASSOCIATED.has(country);
}

function codes(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
