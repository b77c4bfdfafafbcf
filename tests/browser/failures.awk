# Of TAP files: every test that failed, with the first lines of why. `lines`
# is how many of those there may be for each.
#
# A test that failed only because one inside it did is not named itself.
function tell() {
    if (name == "" || inside) {
        return
    }
    sub(/.*browser-/, "", file)
    sub(/\.tap$/, "", file)
    print "FAILED " file ": " name
    for (i = 1; i <= said && i <= lines; i++) {
        print "    " why[i]
    }
}

/^ *not ok / {
    tell()
    name = $0
    sub(/^ *not ok [0-9]* *- /, "", name)
    file = FILENAME
    said = inside = telling = 0
    next
}

/^ *(ok|# Subtest)/ {
    tell()
    name = ""
}

/failureType: 'subtestsFailed'/ {
    inside = 1
}

/^ *(code|name|expected|actual|operator|stack):/ {
    telling = 0
}

/^ *location:/ {
    sub(/^ *location: /, "")
    why[++said] = $0
}

/^ *error:/ {
    telling = 1
    sub(/^ *error: (\|-)?/, "")
}

telling && NF {
    sub(/^ */, "")
    why[++said] = $0
}

END {
    tell()
}
