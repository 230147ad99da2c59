# Reproduces the tables and figures of this study from the files beside it: Rscript analysis.R. Needs ggplot2.
# Writes into results-r: how often each code was settled on, a cross-table with its bubble plot, and Krippendorff's
# alpha computed anew from codings.csv beside what agreement.csv says. Any difference is printed, and ends with status 1.

library(ggplot2)

arguments <- commandArgs(trailingOnly = FALSE)
script <- sub("^--file=", "", grep("^--file=", arguments, value = TRUE))
here <- if (length(script)) dirname(normalizePath(script)) else getwd()
results <- file.path(here, "results-r")
dir.create(results, showWarnings = FALSE)

# A file of the bundle, every cell a text as it was typed.
read_table <- function(name) {
  read <- read.csv(file.path(here, name), colClasses = "character", na.strings = character(), check.names = FALSE,
                   encoding = "UTF-8")
  read[] <- lapply(read, function(cells) sub("^'(?='*[=+\\-@\\t\\r\\n])", "", cells, perl = TRUE))
  read
}

# Papers per value; a paper may count for several codes of a section, and once for each.
frequencies <- function(findings) {
  coded <- findings[findings$kind != "text", ]
  said <- ifelse(coded$absence == "", coded$value, coded$absence)
  said[coded$none_apply == "1"] <- "none of the codes"
  coded$said <- said
  pairs <- unique(coded[coded$said != "", c("section", "said", "paper")])
  if (!nrow(pairs)) return(data.frame())
  counted <- aggregate(paper ~ section + said, pairs, length)
  names(counted)[3] <- "papers"
  of <- aggregate(paper ~ section, unique(coded[c("section", "paper")]), length)
  names(of)[2] <- "papers_settled"
  counted <- merge(counted, of)
  counted$percent <- round(100 * counted$papers / counted$papers_settled, 1)
  counted[order(counted$section, counted$said), ]
}

# Papers that have both codes: one section down, another across.
crossed <- function(findings, rows, columns) {
  marks <- unique(findings[findings$value != "" & findings$absence == "", c("paper", "section", "value")])
  both <- merge(marks[marks$section == rows, c("paper", "value")], marks[marks$section == columns, c("paper", "value")],
                by = "paper", suffixes = c("_row", "_column"))
  table(both$value_row, both$value_column)
}

# Sets travel as labels joined by a line end, sorted: NA is no rating, a line end alone the empty set.
members <- function(set) if (set == "\n") character() else strsplit(set, "\n", fixed = TRUE)[[1]]

masi <- function(one, other) {
  if (one == other) return(0)
  a <- members(one); b <- members(other)
  shared <- length(intersect(a, b)); all <- length(union(a, b))
  if (!length(a) || !length(b)) return(1)
  monotonic <- if (shared == length(a) || shared == length(b)) 2 / 3 else if (shared > 0) 1 / 3 else 0
  1 - shared / all * monotonic
}

# What can be subtracted: a number, or of a day how many there were before it.
as_number <- function(text) if (grepl("^\\d{4}-\\d\\d-\\d\\d$", text)) as.numeric(as.Date(text)) else as.numeric(text)

distance_for <- function(metric, pooled, order) {
  if (metric == "masi") return(masi)
  if (metric == "interval") return(function(a, b) (as_number(a) - as_number(b))^2)
  if (metric == "ordinal") {
    times <- table(pooled)
    return(function(a, b) {
      if (a == b) return(0)
      ends <- sort(c(order[[a]], order[[b]]))
      places <- unlist(order[names(times)])
      between <- sum(times[places >= ends[1] & places <= ends[2]])
      (between - (times[[a]] + times[[b]]) / 2)^2
    })
  }
  function(a, b) as.numeric(a != b)
}

# Krippendorff's alpha; units are vectors of values, one per paper. NA where it is undefined.
alpha <- function(units, metric, order) {
  units <- units[lengths(units) > 1]
  pooled <- unlist(units)
  if (!length(pooled)) return(NA)
  distance <- distance_for(metric, pooled, order)
  within <- vapply(units, function(values) {
    pairs <- combn(length(values), 2)
    2 * sum(apply(pairs, 2, function(p) distance(values[p[1]], values[p[2]]))) / (length(values) - 1)
  }, numeric(1))
  times <- table(pooled)
  if (length(times) < 2) return(NA)
  pairs <- combn(names(times), 2)
  apart <- sum(apply(pairs, 2, function(p) times[[p[1]]] * times[[p[2]]] * distance(p[1], p[2])))
  expected <- 2 * apart / (length(pooled) * (length(pooled) - 1))
  if (expected == 0) NA else 1 - sum(within) / length(pooled) / expected
}

# One vector of values per paper. Absences as agreement.csv counts them; a blank has no row and is no rating.
ratings <- function(codings, metric) {
  by_reader <- split(codings, list(codings$paper, codings$reviewer), drop = TRUE)
  values <- vapply(by_reader, function(rows) {
    absence <- rows$absence[rows$absence != ""]
    absence <- if (length(absence)) paste0("absent:", absence[1]) else ""
    if (metric == "masi") {
      labels <- sort(unique(rows$value[rows$value != ""]))
      return(if (absence != "") absence else if (length(labels)) paste(labels, collapse = "\n") else "\n")
    }
    if (metric %in% c("ordinal", "interval") && absence != "") return(NA_character_)
    value <- if (absence != "") absence else rows$value[1]
    if (value == "") NA_character_ else value
  }, character(1))
  papers <- vapply(by_reader, function(rows) rows$paper[1], character(1))
  lapply(split(values, papers), function(one) unname(one[!is.na(one)]))
}

findings <- read_table("findings.csv")
codebook <- read_table("codebook.csv")
counted <- frequencies(findings)
write.csv(counted, file.path(results, "frequencies.csv"), row.names = FALSE)
print(counted, row.names = FALSE)

coded <- findings[findings$code_number != "", ]
sections <- head(unique(coded$section), 2)
if (length(sections) == 2) {
  counts <- crossed(findings, sections[1], sections[2])
  write.csv(as.data.frame.matrix(counts), file.path(results, "crossed.csv"))
  shown <- as.data.frame(counts, stringsAsFactors = FALSE)
  if (nrow(shown)) {
    names(shown) <- c("row", "column", "papers")
    shown <- shown[shown$papers > 0, ]
    plot <- ggplot(shown, aes(column, row, size = papers, label = papers)) +
      geom_point(shape = 21, fill = "#9bb8d3", colour = "#334455") + geom_text(size = 3) +
      scale_size_area(max_size = 20) + labs(x = sections[2], y = sections[1]) + theme_minimal() +
      theme(axis.text.x = element_text(angle = 25, hjust = 1))
    ggsave(file.path(results, "bubbles.pdf"), plot, width = 9, height = 7, device = "pdf")
  }
}

codings <- read_table("codings.csv")
summaries <- read_table("summaries.csv")
told <- read_table("agreement.csv")
told <- told[told$coefficient == "krippendorff_alpha", ]
first <- codings[codings$revision == "1", ]
apart <- summaries[summaries$not_independent != "", ]
apart <- paste(apart$paper, apart$round, apart$reviewer, sep = "\n")
first <- first[!(paste(first$paper, first$round, first$reviewer, sep = "\n") %in% apart), ]

recomputed <- vapply(seq_len(nrow(told)), function(i) {
  row <- told[i, ]
  own <- first[first$round == row$round & first$section == row$section, ]
  if (!nrow(own)) return(NA_real_)
  scale <- codebook[codebook$section == row$section, ]
  as.numeric(alpha(ratings(own, row$metric), row$metric, as.list(setNames(as.numeric(scale$position), scale$label))))
}, numeric(1))
stated <- suppressWarnings(as.numeric(told$value))
same <- (is.na(stated) & is.na(recomputed)) | (!is.na(stated) & !is.na(recomputed) & abs(stated - recomputed) < 1e-9)
compared <- data.frame(told[c("phase", "round", "section", "metric")], agreement_csv = stated, recomputed = recomputed,
                       is = ifelse(same, "same", "DIFFERS"))
write.csv(compared, file.path(results, "agreement.csv"), row.names = FALSE)
print(compared, row.names = FALSE)
if (any(!same)) {
  cat("Some figures differ. Rounds that were closed keep theirs, even where the codebook changed since.\n")
  quit(status = 1)
}
