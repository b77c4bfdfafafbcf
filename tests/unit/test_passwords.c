/* Which passwords are too weak to be chosen. */
#include "gateway/passwords.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

static void test_weak(void **state) {
    static const struct {
        const char *name;
        const char *password;
        const char *user;
        bool weak;
    } cases[] = {
        {"long enough", "12pounds", "dave", false},
        {"one less", "12pound", "dave", true},
        {"empty", "", "dave", true},
        {"counted in characters", "가나다라마바사아", "dave", false},
        {"not in bytes", "가나다", "dave", true},
        {"the name", "dave.smith", "dave.smith", true},
        {"the name in capitals", "DAVE.Smith", "dave.smith", true},
        {"with the name in it", "dave.smith!", "dave.smith", false},
        {"one letter", "aaaaaaaaaaaaaaaa", "dave", true},
        {"two words", "passwordpassword", "dave", true},
        {"a word and a half more", "abcabcabcab", "dave", true},
        {"a character of three bytes", "가가가가가가가가", "dave", true},
        {"nearly twice", "correct horse correct mule", "dave", false},
        {"digits", "123456789012345", "dave", true},
        {"digits, down", "987654321098765", "dave", true},
        {"letters", "ABCDEFGHIJKLMNOP", "dave", true},
        {"a keyboard", "qwertyuiopasdfgh", "dave", true},
        {"a keyboard, left and right", "asdfghjklkjhgfdsa", "dave", true},
        {"three runs and more", "abcqweasdzxc1", "dave", false},
        {"four words", "correct horse battery staple", "dave", false},
        {"128 characters",
         "Aq1.Bw2.Ce3.Dr4.Et5.Fy6.Gu7.Hi8.Io9.Jp0.Ka-Ls-Md-Nf-Og-Ph-Qj-Rk-"
         "Sl-Tz-Ux-Vc-Wv-Xb-Yn-Zm-aQ!bW!cE!dR!eT!fY!gU!hI!iO!jP!kA!lS!mD!n",
         "dave", false},
    };
    struct settings settings = {.password_min = 8};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_row(cases[i].name,
                   password_weak(&settings, NULL, slice_str(cases[i].password),
                                 slice_str(cases[i].user)) == cases[i].weak);
    }
}

/* A list with what lists have: short ones, other ends of lines, other
 * capitals, none at the end. */
static void test_list(void **state) {
    static const struct {
        const char *password;
        bool weak;
    } cases[] = {
        {"iloveyou4ever!!", true},  {"ILoveYou4Ever!!", true},
        {"trustno1trustme", true},  {"zaq12wsxcde34rfv", true},
        {"iloveyou4ever!", false},  {"trustno1trustme ", false},
        {"nobody has this", false},
    };
    char path[64];
    struct settings settings = {.password_min = 14, .password_list = path};
    struct password_list *list = NULL;
    FILE *f;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/moim-test-passwords-%d", (int)getpid());
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("password\niloveyou4ever!!\r\n\nTrustNo1TrustMe\n"
                      "zaq12wsxcde34rfv",
                      f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(password_list_open(&list, &settings), RC_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_row(cases[i].password,
                   password_weak(&settings, list, slice_str(cases[i].password),
                                 SLICE_LIT("dave")) == cases[i].weak);
    }
    password_list_close(&list);
    assert_null(list);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(password_list_open(&list, &settings), RC_BAD_INPUT);
    path[0] = '\0';
    assert_int_equal(password_list_open(&list, &settings), RC_OK);
    assert_null(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weak),
        cmocka_unit_test(test_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
