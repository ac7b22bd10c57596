# What notices by mail say. Values: count and n (the same, as shown), day.

notice-subject = Unread mail in your company’s e-Box
notice-hello = Hello,
notice-box = This lies unread in the e-Box of
notice-new = { $count ->
    [one] { $n } new message
   *[other] { $n } new messages
}
notice-reminders = { $count ->
    [one] { $n } message that has been waiting for 15 days
   *[other] { $n } messages that have been waiting for 15 days
}
notice-expiring = { $count ->
    [one] { $n } message that leaves the box within 7 days
   *[other] { $n } messages that leave the box within 7 days
}
notice-first-expiry = The first one leaves the box on { $day }; after that it can no longer be read.
notice-where = You can read it here, after signing in:
notice-open = Open the e-Box
notice-silent = For your safety this mail names neither the sender nor the content.
notice-why = You receive this because an access manager of the e-Box gave this address.
notice-stop = To receive no more of these, open this page:
notice-stop-link = Receive no more of these
