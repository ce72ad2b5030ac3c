# comments.awk - prints the comments of C, JavaScript, SQL, shell and make files.
# One line for each line that has a comment: FILE:LINE:KIND:TEXT
#
# KIND is "line" for a line that is nothing but comment, "tail" for a comment after code. The script doesn't parse the
# language: a comment sign within a string can deceive it. If that happens, write the string in another way.

function tell(kind, text) { print FILENAME ":" FNR ":" kind ":" text }

FNR == 1 {
    c = FILENAME ~ /\.[ch]$/
    js = FILENAME ~ /\.m?js$/
    sign = FILENAME ~ /\.sql$/ ? "--" : "#"
    block = 0 # inside /* and */
}

!c && !js {
    if ($1 ~ "^" sign && !/^#!/) { tell("line", $0) }
    else if (match($0, "[ \t]" sign " ")) { tell("tail", substr($0, RSTART + 1)) }
    next
}
block {
    tell("line", $0)
    if (/\*\//) { block = 0 }
    next
}
/^[ \t]*\/\*/ {
    tell("line", $0)
    block = !/\*\//
    next
}
js && /^[ \t]*\/\// { tell("line", $0); next }
js && match($0, /[ \t]\/\/ /) { tell("tail", substr($0, RSTART + 1)); next }
match($0, /[ \t{(,]\/\*[ *]/) {
    text = substr($0, RSTART + 1)
    tell("tail", text)
    block = text !~ /\*\//
}
