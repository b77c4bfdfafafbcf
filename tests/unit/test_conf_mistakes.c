/* Settings: every mistake, and the words for it. */
#include "tests/unit/assert_row.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/conf_fixture.h"

/* One mistake each, and the words for it. */
static const struct {
    const char *name;
    const char *file;
    const char *variable;
    const char *flag;
    const char *want;
} mistakes[] = {
    {"unknown name", SECRET "[gateway]\nprot = 1\n", NULL, NULL,
     "moim.conf:4: [gateway] prot: no such setting; did you mean [gateway] "
     "port?\n"},
    {"unknown section", SECRET "\n[gatewy]\nport = 1\n", NULL, NULL,
     "moim.conf:5: [gatewy] port: no such setting; did you mean [gateway] "
     "port?\n"},
    {"wrong section", SECRET "[log]\nidle = 1s\n", NULL, NULL,
     "moim.conf:4: [log] idle: no such setting; did you mean [gateway] "
     "idle?\n"},
    {"nothing near", SECRET "[x]\nfrobnicate = 1\n", NULL, NULL,
     "moim.conf:4: [x] frobnicate: no such setting\n"},
    {"no section", "port = 1\n" SECRET, NULL, NULL,
     "moim.conf:1: [] port: no such setting; did you mean [gateway] "
     "port?\n"},
    {"name in capitals", SECRET "[gateway]\nPort = 1\n", NULL, NULL,
     "moim.conf:4: [gateway] Port: no such setting; did you mean [gateway] "
     "port?\n"},
    {"no unit", SECRET "[gateway]\nidle = 25\n", NULL, NULL,
     "moim.conf:4: [gateway] idle: expected a time from 1s to 1h (in ms, "
     "s, m, "
     "h or d), got \"25\"\n"},
    {"out of range", SECRET "[gateway]\nport = 65536\n", NULL, NULL,
     "moim.conf:4: [gateway] port: expected a number from 1 to 65535, got "
     "\"65536\"\n"},
    {"size", SECRET "[gateway]\nqueue_size = 1k\n", NULL, NULL,
     "moim.conf:4: [gateway] queue_size: expected a size from 4KiB to "
     "64MiB (in "
     "bytes, KiB, MiB or GiB), got \"1k\"\n"},
    {"choice", SECRET "[log]\nlevel = loud\n", NULL, NULL,
     "moim.conf:4: [log] level: expected one of error, warn, info, got "
     "\"loud\"\n"},
    {"long text", SECRET "[log]\nname = 123456789\n", NULL, NULL,
     "moim.conf:4: [log] name: expected a text of 1 to 8 bytes\n"},
    {"short secret is not told", "[auth]\nsecret = abc\n", NULL, NULL,
     "moim.conf:2: [auth] secret: expected a text of at least 4 bytes\n"},
    {"twice", SECRET "[log]\nlevel = warn\n[log]\nlevel = warn\n", NULL, NULL,
     "moim.conf:6: [log] level: given before, on line 4\n"},
    {"twice, once as a file", SECRET "secret_file = /dev/null\n", NULL, NULL,
     "moim.conf:3: [auth] secret_file: given before, on line 2\n"},
    {"no equals", SECRET "[log]\nlevel warn\n", NULL, NULL,
     "moim.conf:4: expected [section] or name = value\n"},
    {"unclosed section", SECRET "[log\n", NULL, NULL,
     "moim.conf:3: expected [section] or name = value\n"},
    {"value behind a section", SECRET "[log] level = warn\n", NULL, NULL,
     "moim.conf:3: expected [section] or name = value\n"},
    {"comment before equals", SECRET "[log]\nlevel ; = warn\n", NULL, NULL,
     "moim.conf:4: expected [section] or name = value\n"},
    {"escape in a name", SECRET "[log]\n\x1b[1m = 1\n", NULL, NULL,
     "moim.conf:4: [log] ?[1m: no such setting\n"},
    {"no _file of a number", SECRET "[gateway]\nport_file = /x\n", NULL, NULL,
     "moim.conf:4: [gateway] port_file: no such setting; did you "
     "mean [gateway] port?\n"},
    {"variable", SECRET, "MOIM_GATEWAY__PORT=x", NULL,
     "MOIM_GATEWAY__PORT: expected a number from 1 to 65535, got \"x\"\n"},
    {"unknown variable", SECRET, "MOIM_GATEWAY__PROT=1", NULL,
     "MOIM_GATEWAY__PROT: no such setting; did you mean "
     "MOIM_GATEWAY__PORT?\n"},
    {"variable with one _", SECRET, "MOIM_GATEWAY_PORT=1", NULL,
     "MOIM_GATEWAY_PORT: no such setting; did you mean "
     "MOIM_GATEWAY__PORT?\n"},
    {"variable in small letters", SECRET, "MOIM_LOG__level=warn", NULL,
     "MOIM_LOG__level: no such setting\n"},
    {"flag", SECRET, NULL, "--gateway.port=x",
     "--gateway.port: expected a number from 1 to 65535, got \"x\"\n"},
    {"unknown flag", SECRET, NULL, "--gateway.prot=1",
     "--gateway.prot: no such setting; did you mean --gateway.port?\n"},
    {"flag without section", SECRET, NULL, "--port=1",
     "--port: no such setting; did you mean --gateway.port?\n"},
    {"flag without value", SECRET, NULL, "--gateway.port",
     "--gateway.port: expected a value: --gateway.port=VALUE\n"},
    {"no flag", SECRET, NULL, "serve",
     "serve: expected --section.name=value\n"},
    {"one dash", SECRET, NULL, "-p", "-p: expected --section.name=value\n"},
    {"secret as a flag", SECRET, NULL, "--auth.secret=hunter22",
     "--auth.secret: a flag is no secret; use --auth.secret_file=PATH\n"},
    {"required", "", NULL, NULL,
     "[auth] secret: required; set it there, or as "
     "MOIM_AUTH__SECRET\n"},
    {"file of a text missing", SECRET "[log]\nname_file = /nowhere/x\n", NULL,
     NULL,
     "moim.conf:4: [log] name_file: /nowhere/x: No such file or "
     "directory\n"},
    {"file of a text a device", SECRET "[log]\nname_file = /dev/null\n", NULL,
     NULL, "moim.conf:4: [log] name_file: /dev/null: not a regular file\n"},
    {"required, its file missing", "[auth]\nsecret_file = /nowhere/x\n", NULL,
     NULL,
     "moim.conf:2: [auth] secret_file: /nowhere/x: No such file or "
     "directory\n"},
};

static void test_mistakes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        const char *env[] = {mistakes[i].variable, NULL};
        const char *args[] = {mistakes[i].flag, NULL};
        struct run r;

        assert_row(mistakes[i].name,
                   load(&r, mistakes[i].file, env, args) == RC_BAD_INPUT);
        assert_string_equal(r.errors, mistakes[i].want);
        unload(&r);
    }
}

/* All mistakes of all sources at once, in the order of the sources. */
static void test_every_mistake(void **state) {
    static const char *const env[] = {"MOIM_X__Y=1", NULL};
    static const char *const args[] = {
        "--log.level=x", "--tls", "--log.name", "a", "--log.name", "b", NULL};
    static const char want[] =
        "moim.conf:1: expected [section] or name = value\n"
        "moim.conf:3: [gateway] port: expected a number from 1 to 65535, got "
        "\"x\"\n"
        "moim.conf:4: [gateway] idl: no such setting; did you mean [gateway] "
        "idle?\n"
        "MOIM_X__Y: no such setting\n"
        "--log.level: expected one of error, warn, info, got \"x\"\n"
        "--tls: expected a value: --tls=VALUE\n"
        "--log.name: given twice\n"
        "[auth] secret: required; set it there, or as MOIM_AUTH__SECRET\n";
    struct run r;

    (void)state;
    /* "--tls" is followed by a flag, so that is not its value. */
    assert_int_equal(load(&r, "what\n[gateway]\nport=x\nidl=1s\n", env, args),
                     RC_BAD_INPUT);
    assert_string_equal(r.errors, want);
    unload(&r);
}

static void test_missing_file(void **state) {
    struct conf_sources from = {.file = "/nowhere/moim.conf"};
    struct settings s = {0};
    struct conf *c = NULL;
    char *errors = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&errors, &n);

    (void)state;
    assert_int_equal(conf_load(&c, &table, &s, &from, to), RC_BAD_INPUT);
    fclose(to);
    assert_non_null(
        strstr(errors, "/nowhere/moim.conf: No such file or directory\n"));
    free(errors);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_every_mistake),
        cmocka_unit_test(test_missing_file),
    };

    return cmocka_run_group_tests(tests, conf_setup, conf_teardown);
}
