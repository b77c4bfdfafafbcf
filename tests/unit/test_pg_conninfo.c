/* The administrator's connection string: what is taken, and which host has to
 * be looked up before libpq would do it. Nothing is connected to. */
#include "storage/pg_conninfo.h"

#include "tests/unit/assert_row.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/macros.h"

static void test_strings(void **state) {
    static const struct {
        const char *text;
        const char *pghost; /* the environment's, or NULL */
        const char *lookup; /* "": nothing to look up */
        enum rc rc;
    } rows[] = {
        {"host=10.0.0.1 dbname=moim", NULL, "", RC_OK},
        {"host=::1", NULL, "", RC_OK},
        {"host=/run/postgresql", NULL, "", RC_OK},
        {"host=@abstract", NULL, "", RC_OK},
        {"host=db.example dbname=moim", NULL, "db.example", RC_OK},
        {"postgresql://db.example/moim", NULL, "db.example", RC_OK},
        {"postgresql://10.0.0.1/moim", NULL, "", RC_OK},
        {"host=db.example hostaddr=10.0.0.1", NULL, "", RC_OK},
        {"host=/run/a,10.0.0.1", NULL, "", RC_OK},
        {"host=10.0.0.1,db.example", NULL, "", RC_BAD_INPUT},
        {"host=a,b hostaddr=10.0.0.1,10.0.0.2", NULL, "", RC_OK},
        {"dbname=moim", NULL, "", RC_OK},
        {"dbname=moim", "env.example", "env.example", RC_OK},
        {"host=10.0.0.1", "env.example", "", RC_OK},
        {"service=moim", NULL, "", RC_BAD_INPUT},
        {"host", NULL, "", RC_BAD_INPUT},
        {"nonsense=1", NULL, "", RC_BAD_INPUT},
    };

    (void)state;
    unsetenv("PGHOSTADDR");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pg_conninfo *info = NULL;
        const char *lookup;

        unsetenv("PGHOST");
        if (rows[i].pghost != NULL) {
            setenv("PGHOST", rows[i].pghost, 1);
        }
        assert_row(rows[i].text,
                   pg_conninfo_open(&info, rows[i].text, "test") == rows[i].rc);
        assert_row(rows[i].text, (info != NULL) == (rows[i].rc == RC_OK));
        lookup = info != NULL ? pg_conninfo_lookup(info) : NULL;
        assert_row(rows[i].text,
                   strcmp(lookup != NULL ? lookup : "", rows[i].lookup) == 0);
        pg_conninfo_close(&info);
        assert_row(rows[i].text, info == NULL);
    }
    pg_conninfo_close(&(struct pg_conninfo *){NULL});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
