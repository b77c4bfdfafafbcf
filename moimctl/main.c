/* moimctl: the one tool of operators, and a chat client for the terminal.
 * This file is the table of commands and their help; a command is a function
 * in a file of its own and knows nothing of the others. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "moimctl/commands.h"

#define ARGS(table) (table), COUNT_OF(table)
#define NO_ARGS NULL, 0

static const struct arg as_somebody[] = {ARG_URL, ARG_CA, ARG_AS, ARG_PASSWORD};

#define ARG_KEY_FILE                                                           \
    {                                                                          \
        "key-file", "FILE", "lines \"id hexkey\", as the gateways have it",    \
            ARG_AT(key_file), true                                             \
    }

#define ARG_CONNINFO                                                           \
    {                                                                          \
        "conninfo", "TEXT", "libpq's: \"host=/run/postgresql dbname=moim\"",   \
            ARG_AT(conninfo), true                                             \
    }

static const struct arg user_data[] = {ARG_URL, ARG_CA, ARG_KEY_FILE};

static const struct arg user_add[] = {
    ARG_URL,
    ARG_CA,
    {"name", "NAME", "the new account's name", ARG_AT(name), true},
    ARG_PASSWORD,
};

static const struct arg user_reset[] = {
    ARG_CONNINFO,
    {"name", "NAME", "the account's name, or in small letters", ARG_AT(name),
     true},
    ARG_PASSWORD,
};

static const struct arg seed[] = {
    ARG_URL,
    ARG_CA,
    {"dir", "DIR", "where the passwords are kept, as NAME.password",
     ARG_AT(dir), true},
};

static const struct arg token_make[] = {
    ARG_KEY_FILE,
    {"user", "ID", "whom the token is for", ARG_AT(user), true},
    {"device", "ID", "and on which device", ARG_AT(device), true},
    {"ttl", "TIME", "how long it is valid: 15m, 1h, 30d (default: 1h)",
     ARG_AT(ttl), false},
};

static const struct arg token_check[] = {
    ARG_KEY_FILE,
    {"token-file", "FILE", "the token (default: from standard input)",
     ARG_AT(token), false},
};

static const struct arg db[] = {
    ARG_CONNINFO,
    {"dir", "DIR", "the migrations (default: those installed)", ARG_AT(dir),
     false},
};

static const struct arg key_create[] = {
    ARG_CONNINFO,
    {"name", "NAME", "what it is for, for people", ARG_AT(name), true},
    {"scopes", "WORDS", "what it may do: \"users:write messages:write\"",
     ARG_AT(scopes), true},
    {"ttl", "TIME", "how long it is good: 90d (default: for ever)", ARG_AT(ttl),
     false},
};

static const struct arg key_rotate[] = {
    ARG_CONNINFO,
    {"grace", "TIME", "how long the old one is still good (default: 1d)",
     ARG_AT(grace), false},
    {"ttl", "TIME", "and the new one: 90d (default: for ever)", ARG_AT(ttl),
     false},
};

static const struct arg only_conninfo[] = {ARG_CONNINFO};

static const struct arg status[] = {ARG_URL, ARG_CA};

static const struct arg top[] = {
    ARG_CA,
    {"count", "N", "stop after N rows (default: never)", ARG_AT(count), false},
};

static const struct arg doctor[] = {
    ARG_CA,
    {"as", "NAME", "whose account to use, for all that needs one", ARG_AT(as),
     false},
    {"password-file", "FILE",
     "its password (default: ask); with --host Redis' (default: none)",
     ARG_AT(password_file), false},
    {"idle", "TIME", "how long to listen for an idle timeout (default: 30s)",
     ARG_AT(idle), false},
    {"host", "", "look at this machine and its stores instead", ARG_AT(host),
     false},
    {"redis", "ADDRESS",
     "the history's: HOST:PORT, unix:/path or rediss://HOST:PORT",
     ARG_AT(redis), false},
    {"bus", "ADDRESS", "the bus's, when it is another", ARG_AT(bus), false},
    {"tls-name", "NAME", "in a rediss:// certificate (default: the host)",
     ARG_AT(tls_name), false},
    {"conninfo", "TEXT", "libpq's: \"host=/run/postgresql dbname=moim\"",
     ARG_AT(conninfo), false},
    {"json", "", "for programs", ARG_AT(json), false},
};

static const struct arg check_config[] = {
    {"gateway", "FILE", "a moim-gateway's", ARG_AT(gateway), false},
    {"presence", "FILE", "a moim-presence's", ARG_AT(presence), false},
};

static const char chat_details[] =
    "WITH is a user's or a group's name; without it you pick from a list.\n"
    "Type to write; /help inside lists the commands. A lost connection is\n"
    "found again by itself, and nothing is lost or shown twice. When input or\n"
    "output is not a terminal, each line read is a message or a command, and\n"
    "each line written is \"SEQ NAME: TEXT\" or begins with \"*\"; the end of\n"
    "the input ends the program once everything was accepted.";

static const char export_details[] =
    "Prints what is kept about the user, a JSON object on each line: himself,\n"
    "devices, friends, blocks, conversations, and every event that is his.";

static const char erase_details[] =
    "For good: logs the user out everywhere, takes him out of his groups,\n"
    "takes the texts of what he has said out of the history, ends friendships\n"
    "and blocks, and frees his name. Says what it has touched. When it could\n"
    "not do all of it, the same again does the rest.";

static const char seed_details[] =
    "Makes alice, bob and carol with random passwords, friends of each other,\n"
    "with a group \"Moim\" and some messages. What is there already is left\n"
    "as it is, so this may run again and again.";

static const char top_details[] =
    "ADDRESS is a gateway's internal one, as 127.0.0.1:9080. Without any, the\n"
    "demo's gateways are watched when $MOIMCTL_DEMO_DIR names its folder.";

static const char push_key_details[] =
    "Writes the private half to FILE, for the setting hooks.push_key_file of\n"
    "moim-hooks, and prints the public one, for push.public_key of the\n"
    "gateways. When FILE is there already, it is read and not changed.";

static const char status_details[] =
    "ADDRESS is that of a gateway or a presence service, public or internal.\n"
    "Without any, the demo's are asked when $MOIMCTL_DEMO_DIR names its\n"
    "folder, else $MOIMCTL_URL. Ends with 69 unless all are ready.";

static const char user_reset_details[] =
    "For who forgot it, and for a team's own page that resets passwords after\n"
    "it has made sure who asks. All devices of the user are logged out.";

static const char key_details[] =
    "For the team's own servers, which send it as \"Authorization: Bearer\".\n"
    "The key is printed once, alone on a line; only a hash of it is kept. A\n"
    "wrong --scopes lists what there is. Gateways know it within seconds.";

static const char rotate_details[] =
    "Prints a new key with the name and the scopes of the old one, ID, which\n"
    "stays good for --grace: put the new one where the old one was meanwhile.";

static const char revoke_details[] =
    "For good, and at once: no gateway takes the key for more than 5 seconds.";

static const char store_list_details[] =
    "Which store the history is in, and which others gateways have found in\n"
    "its place: an empty Redis, an older one, that of somebody else. A "
    "gateway\n"
    "that finds one writes nothing into it and says store_lost on /readyz.\n"
    "known: in use; left: was; found: refused; accepted: known very soon.";

static const char store_accept_details[] =
    "ID is one that \"store list\" says was found. From now on the history is\n"
    "what that store holds, nothing when it is empty: conversations begin at\n"
    "seq 1 again, and clients are told to sync. Only when the known one will\n"
    "not come back; when it does, gateways go on with it by themselves.";

static const char doctor_details[] =
    "Looks at the way in that clients have to URL: do WebSockets get through,\n"
    "are events passed on at once, is who says nothing left alone, how long\n"
    "may a head be, whose do requests seem? Or, with --host, at this "
    "machine's\n"
    "limits and the settings of its stores. Each line is ok, warn or fail, "
    "and\n"
    "says what to do. Ends with 1 when something failed.";

static const char ws_details[] =
    "Prints every frame as it comes, and sends each line of the input as one.\n"
    "Ends with the connection, or a second after the input.";

static const char demo_details[] =
    "The demo's processes belong to ./run: this says what to type there.";

static const struct command commands[] = {
    {"chat", "[WITH]", "Chat in the terminal", chat_details, ARGS(as_somebody),
     0, 1, cmd_chat},
    {"ws", "", "Speak the WebSocket protocol by hand", ws_details,
     ARGS(as_somebody), 0, 0, cmd_ws},
    {"user add", "", "Make an account", "", ARGS(user_add), 0, 0, cmd_user_add},
    {"user reset", "", "Give an account another password", user_reset_details,
     ARGS(user_reset), 0, 0, cmd_user_reset},
    {"user export", "NAME", "Print all that is kept about a user",
     export_details, ARGS(user_data), 1, 1, cmd_user_export},
    {"user erase", "NAME", "Erase a user, for good", erase_details,
     ARGS(user_data), 1, 1, cmd_user_erase},
    {"friend add", "NAME...", "Ask people to be friends, or accept", "",
     ARGS(as_somebody), 1, ARGS_WORDS_MAX, cmd_friend_add},
    {"seed", "", "Make three users who chat", seed_details, ARGS(seed), 0, 0,
     cmd_seed},
    {"status", "[ADDRESS...]", "Ask whether everything is up and ready",
     status_details, ARGS(status), 0, ARGS_WORDS_MAX, cmd_status},
    {"top", "[ADDRESS...]", "Watch sessions and messages, each second",
     top_details, ARGS(top), 0, ARGS_WORDS_MAX, cmd_top},
    {"doctor", "[URL]", "Look for what usually goes wrong", doctor_details,
     ARGS(doctor), 0, 1, cmd_doctor},
    {"gen-secret", "", "Make a key for tokens, \"id hexkey\"", "", NO_ARGS, 0,
     0, cmd_gen_secret},
    {"push-key", "FILE", "Make the key of Web Push", push_key_details, NO_ARGS,
     1, 1, cmd_gen_push_key},
    {"token make", "", "Sign a token, without asking anybody", "",
     ARGS(token_make), 0, 0, cmd_token_make},
    {"token check", "", "Say whose a token is and until when", "",
     ARGS(token_check), 0, 0, cmd_token_check},
    {"db migrate", "", "Bring the database's schema up to date", "", ARGS(db),
     0, 0, cmd_db_migrate},
    {"db status", "", "List the migrations and which are applied", "", ARGS(db),
     0, 0, cmd_db_status},
    {"key create", "", "Make a key for a server of yours", key_details,
     ARGS(key_create), 0, 0, cmd_key_create},
    {"key list", "", "List the keys, without their secrets", "",
     ARGS(only_conninfo), 0, 0, cmd_key_list},
    {"key rotate", "ID", "Replace a key by a new one", rotate_details,
     ARGS(key_rotate), 1, 1, cmd_key_rotate},
    {"key revoke", "ID", "Take a key back", revoke_details, ARGS(only_conninfo),
     1, 1, cmd_key_revoke},
    {"store list", "", "List the stores of the history", store_list_details,
     ARGS(only_conninfo), 0, 0, cmd_store_list},
    {"store accept", "ID", "Go on with another store of the history",
     store_accept_details, ARGS(only_conninfo), 1, 1, cmd_store_accept},
    {"check-config", "", "Read a configuration file as its program would", "",
     ARGS(check_config), 0, 0, cmd_check_config},
    {"config doc", "gateway|presence", "Every setting with its default", "",
     NO_ARGS, 1, 1, cmd_config_doc},
    {"config example", "gateway|presence", "A configuration file to begin with",
     "", NO_ARGS, 1, 1, cmd_config_example},
    {"kill", "gateway N", "End a process of the demo", demo_details, NO_ARGS, 0,
     ARGS_WORDS_MAX, cmd_kill},
    {"drain", "gateway N", "Drain a gateway of the demo", demo_details, NO_ARGS,
     0, ARGS_WORDS_MAX, cmd_drain},
};

static void usage(FILE *to) {
    fprintf(to, "usage: moimctl COMMAND [options]\n\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        fprintf(to, "  %-16s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(to, "\nmoimctl COMMAND --help says more; moimctl --version\n"
                "environment: MOIMCTL_URL (default http://127.0.0.1:8080), "
                "MOIMCTL_CA,\nNO_COLOR\n"
                "exit codes: 0 done, 1 failed, 2 wrong usage, 69 cannot be "
                "reached, 78 bad\nconfiguration\n");
}

static void version(void) {
    printf("moimctl %s, libuv %s\n", MOIM_VERSION, uv_version_string());
}

/* The words of `name` that stand in argv, or 0 when they are others. */
static int words_of(const char *name, int argc, char *const *argv) {
    const char *space = strchr(name, ' ');
    size_t first = space == NULL ? strlen(name) : (size_t)(space - name);

    if (argc < 2 || strlen(argv[1]) != first ||
        strncmp(argv[1], name, first) != 0) {
        return 0;
    }
    if (space == NULL) {
        return 1;
    }
    return argc > 2 && strcmp(argv[2], space + 1) == 0 ? 2 : 0;
}

static const struct command *find(int argc, char *const *argv, int *used) {
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        *used = words_of(commands[i].name, argc, argv);
        if (*used > 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static enum ctl_exit run(const struct command *c, int argc, char **argv) {
    struct args a;

    switch (args_parse(c, argc, argv, &a, stderr)) {
    case ARGS_HELP:
        args_help(c, stdout);
        return CTL_OK;
    case ARGS_BAD:
        return CTL_USAGE;
    case ARGS_RUN:
        break;
    }
    return c->run(&a);
}

int main(int argc, char **argv) {
    const struct command *c;
    int used = 0;

    (void)setlocale(LC_TIME, "");
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        version();
        return CTL_OK;
    }
    if (argc >= 2 &&
        (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        usage(stdout);
        return CTL_OK;
    }
    c = find(argc, argv, &used);
    if (c == NULL) {
        if (argc >= 2) {
            fprintf(stderr, "moimctl: no command \"%s\"\n\n", argv[1]);
        }
        usage(stderr);
        return CTL_USAGE;
    }
    return (int)run(c, argc - used, argv + used);
}
