/* Texts that are UTF-8 and texts that are not, with the byte that shows it.
 * The names with a 6 in front are the case numbers of the Autobahn suite. */
#ifndef MOIM_TESTS_UTF8_ROWS_H
#define MOIM_TESTS_UTF8_ROWS_H

#include <stddef.h>

#define UTF8_GOOD ((size_t)-1) /* valid and complete */
#define UTF8_CUT ((size_t)-2)  /* valid so far, but ends inside a character */

struct utf8_row {
    const char *name;
    const char *bytes;
    size_t n;
    size_t bad_at; /* the first wrong byte, or one of the two above */
};

#define UTF8_ROW(name, text, bad_at)                                           \
    { name, text, sizeof(text) - 1, bad_at }

#define KOSME "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"

static const struct utf8_row utf8_rows[] = {
    UTF8_ROW("empty", "", UTF8_GOOD),
    UTF8_ROW("ascii", "Hello, WebSocket, more than eight bytes", UTF8_GOOD),
    UTF8_ROW("6.2 mixed", "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6-UTF-8!!", UTF8_GOOD),
    UTF8_ROW("6.5 Greek", KOSME, UTF8_GOOD),
    UTF8_ROW("Korean", "\xeb\xaa\xa8\xec\x9e\x84", UTF8_GOOD),

    /* B077: odd, and fine. */
    UTF8_ROW("B077 6.7.1 NUL", "\x00", UTF8_GOOD),
    UTF8_ROW("B077 6.7.2 first of two", "\xc2\x80", UTF8_GOOD),
    UTF8_ROW("B077 6.7.3 first of three", "\xe0\xa0\x80", UTF8_GOOD),
    UTF8_ROW("B077 6.7.4 first of four", "\xf0\x90\x80\x80", UTF8_GOOD),
    UTF8_ROW("B077 6.9.1 last of one", "\x7f", UTF8_GOOD),
    UTF8_ROW("B077 6.9.2 last of two", "\xdf\xbf", UTF8_GOOD),
    UTF8_ROW("B077 6.9.3 U+FFFF", "\xef\xbf\xbf", UTF8_GOOD),
    UTF8_ROW("B077 6.9.4 U+10FFFF", "\xf4\x8f\xbf\xbf", UTF8_GOOD),
    UTF8_ROW("B077 6.11.1 before surrogates", "\xed\x9f\xbf", UTF8_GOOD),
    UTF8_ROW("B077 6.11.2 after surrogates", "\xee\x80\x80", UTF8_GOOD),
    UTF8_ROW("B077 6.11.3 U+FFFD", "\xef\xbf\xbd", UTF8_GOOD),
    UTF8_ROW("B077 6.22.1 U+FFFE", "\xef\xbf\xbe", UTF8_GOOD),
    UTF8_ROW("B077 6.22.3 U+1FFFE", "\xf0\x9f\xbf\xbe", UTF8_GOOD),
    UTF8_ROW("B077 6.22.34 U+10FFFE", "\xf4\x8f\xbf\xbe", UTF8_GOOD),
    UTF8_ROW("B077 byte order mark", "\xef\xbb\xbf", UTF8_GOOD),

    /* B076: the end comes too early. */
    UTF8_ROW("6.6 one byte", "\xce", UTF8_CUT),
    UTF8_ROW("6.6 one of three", "\xce\xba\xe1", UTF8_CUT),
    UTF8_ROW("6.6 two of three", "\xce\xba\xe1\xbd", UTF8_CUT),
    UTF8_ROW("6.6 almost all", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce", UTF8_CUT),
    UTF8_ROW("one of four", "\xf0", UTF8_CUT),
    UTF8_ROW("two of four", "\xf0\x9f", UTF8_CUT),
    UTF8_ROW("three of four", "\xf0\x9f\x98", UTF8_CUT),
    UTF8_ROW("6.14.6 DF", "\xdf", UTF8_CUT),
    UTF8_ROW("6.14.7 EF BF", "\xef\xbf", UTF8_CUT),
    UTF8_ROW("E0 A0", "\xe0\xa0", UTF8_CUT),
    UTF8_ROW("ED 9F", "\xed\x9f", UTF8_CUT),
    UTF8_ROW("F4 8F BF", "\xf4\x8f\xbf", UTF8_CUT),
    UTF8_ROW("cut after eight ascii", "12345678\xc3", UTF8_CUT),

    /* B078: surrogates, overlong, above the end, five and six bytes. */
    UTF8_ROW("B078 6.3 surrogate in text", KOSME "\xed\xa0\x80\x65\x64\x69\x74",
             12),
    UTF8_ROW("B078 6.4 too high in text",
             KOSME "\xf4\x90\x80\x80\x65\x64\x69\x74", 12),
    UTF8_ROW("B078 6.8.1 first of five", "\xf8\x88\x80\x80\x80", 0),
    UTF8_ROW("B078 6.8.2 first of six", "\xfc\x84\x80\x80\x80\x80", 0),
    UTF8_ROW("B078 6.10.1 U+1FFFFF", "\xf7\xbf\xbf\xbf", 0),
    UTF8_ROW("B078 6.10.2 last of five", "\xfb\xbf\xbf\xbf\xbf", 0),
    UTF8_ROW("B078 6.10.3 last of six", "\xfd\xbf\xbf\xbf\xbf\xbf", 0),
    UTF8_ROW("B078 6.11.5 U+110000", "\xf4\x90\x80\x80", 1),
    UTF8_ROW("B078 F5", "\xf5\x80\x80\x80", 0),
    UTF8_ROW("B078 6.17.1 overlong slash", "\xc0\xaf", 0),
    UTF8_ROW("B078 6.17.2 overlong slash", "\xe0\x80\xaf", 1),
    UTF8_ROW("B078 6.17.3 overlong slash", "\xf0\x80\x80\xaf", 1),
    UTF8_ROW("B078 6.17.4 overlong slash", "\xf8\x80\x80\x80\xaf", 0),
    UTF8_ROW("B078 6.17.5 overlong slash", "\xfc\x80\x80\x80\x80\xaf", 0),
    UTF8_ROW("B078 6.18.1 most overlong", "\xc1\xbf", 0),
    UTF8_ROW("B078 6.18.2 most overlong", "\xe0\x9f\xbf", 1),
    UTF8_ROW("B078 6.18.3 most overlong", "\xf0\x8f\xbf\xbf", 1),
    UTF8_ROW("B078 6.18.4 most overlong", "\xf8\x87\xbf\xbf\xbf", 0),
    UTF8_ROW("B078 6.18.5 most overlong", "\xfc\x83\xbf\xbf\xbf\xbf", 0),
    UTF8_ROW("B078 6.19.1 overlong NUL", "\xc0\x80", 0),
    UTF8_ROW("B078 6.19.2 overlong NUL", "\xe0\x80\x80", 1),
    UTF8_ROW("B078 6.19.3 overlong NUL", "\xf0\x80\x80\x80", 1),
    UTF8_ROW("B078 6.19.4 overlong NUL", "\xf8\x80\x80\x80\x80", 0),
    UTF8_ROW("B078 6.19.5 overlong NUL", "\xfc\x80\x80\x80\x80\x80", 0),
    UTF8_ROW("B078 6.20.1 U+D800", "\xed\xa0\x80", 1),
    UTF8_ROW("B078 6.20.2 U+DB7F", "\xed\xad\xbf", 1),
    UTF8_ROW("B078 6.20.3 U+DB80", "\xed\xae\x80", 1),
    UTF8_ROW("B078 6.20.4 U+DBFF", "\xed\xaf\xbf", 1),
    UTF8_ROW("B078 6.20.5 U+DC00", "\xed\xb0\x80", 1),
    UTF8_ROW("B078 6.20.6 U+DF80", "\xed\xbe\x80", 1),
    UTF8_ROW("B078 6.20.7 U+DFFF", "\xed\xbf\xbf", 1),
    UTF8_ROW("B078 6.21.1 a pair", "\xed\xa0\x80\xed\xb0\x80", 1),
    UTF8_ROW("B078 6.21.8 a pair", "\xed\xaf\xbf\xed\xbf\xbf", 1),

    /* B076: tails without a lead, leads without a tail. */
    UTF8_ROW("B076 6.12.1 lone 80", "\x80", 0),
    UTF8_ROW("B076 6.12.2 lone BF", "\xbf", 0),
    UTF8_ROW("B076 6.12.3 two tails", "\x80\xbf", 0),
    UTF8_ROW("B076 6.12.7 six tails", "\x80\xbf\x80\xbf\x80\xbf", 0),
    UTF8_ROW("B076 a tail too many", "\xc3\xa4\xa4", 2),
    UTF8_ROW("B076 a tail behind text", "12345678abc\x80", 11),
    UTF8_ROW("B076 6.13.1 C0", "\xc0 ", 0),
    UTF8_ROW("B076 6.13.1 C2 alone", "\xc2 ", 1),
    UTF8_ROW("B076 6.13.1 DF alone", "\xdf ", 1),
    UTF8_ROW("B076 6.13.2 E0 alone", "\xe0 ", 1),
    UTF8_ROW("B076 6.13.2 E1 alone", "\xe1 ", 1),
    UTF8_ROW("B076 6.13.2 EF alone", "\xef ", 1),
    UTF8_ROW("B076 6.13.3 F0 alone", "\xf0 ", 1),
    UTF8_ROW("B076 6.13.3 F4 alone", "\xf4 ", 1),
    UTF8_ROW("B076 6.13.3 F7 alone", "\xf7 ", 0),
    UTF8_ROW("B076 6.13.4 F8 alone", "\xf8 ", 0),
    UTF8_ROW("B076 6.13.5 FD alone", "\xfd ", 0),
    UTF8_ROW("B076 6.14.1 C0", "\xc0", 0),
    UTF8_ROW("B076 6.14.2 E0 80", "\xe0\x80", 1),
    UTF8_ROW("B076 6.14.3 F0 80 80", "\xf0\x80\x80", 1),
    UTF8_ROW("B076 6.14.4 F8", "\xf8\x80\x80\x80", 0),
    UTF8_ROW("B076 6.14.5 FC", "\xfc\x80\x80\x80\x80", 0),
    UTF8_ROW("B076 6.14.8 F7", "\xf7\xbf\xbf", 0),
    UTF8_ROW("B076 6.14.9 FB", "\xfb\xbf\xbf\xbf", 0),
    UTF8_ROW("B076 6.14.10 FD", "\xfd\xbf\xbf\xbf\xbf", 0),
    UTF8_ROW("B076 6.15 joined", "\xdf\xef\xbf\xf7\xbf\xbf", 1),
    UTF8_ROW("B076 6.16.1 FE", "\xfe", 0),
    UTF8_ROW("B076 6.16.2 FF", "\xff", 0),
    UTF8_ROW("B076 6.16.3 FE FE FF FF", "\xfe\xfe\xff\xff", 0),
    UTF8_ROW("B076 three bytes, then a lead", "\xe4\xbd\xc3", 2),
    UTF8_ROW("B076 four bytes, then ascii", "\xf0\x9f\x98x", 3),
};

#endif
