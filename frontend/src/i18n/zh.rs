//! 简体中文。

use shared::Code;

use super::{
    Texts,
    texts::{badge, counted},
};

pub(super) static TEXTS: Texts = Texts {
    app_name: "Pond",
    skip_to_conversation: "跳到聊天内容",
    loading: "加载中…",
    page_title: |unread, conversation| match unread {
        0 => format!("{conversation} · Pond"),
        _ => format!("({}) {conversation} · Pond", badge(unread)),
    },
    between: "",

    sidebar: "会话",
    find: "找人、找会话…",
    rooms: "房间",
    everyone: "大家",
    private_messages: "私聊",
    new_private_message: "发起私聊",
    no_private_messages: "还没有私聊，点 + 找个人聊聊。",
    draft: "[草稿]",
    unread: |count| format!("{count} 条未读"),

    conversation: "聊天",
    back: "返回列表",
    members: "成员",
    people: "成员",
    close: "关闭",
    everyone_subtitle: "所有人都在这里。好好说话，别弄湿鞋。",
    notes_subtitle: "写给自己的笔记，别人看不到。",
    someone: "某人",
    no_such_conversation: "这里什么都没有",
    no_such_conversation_hint: "会话不存在，或者你不在其中。",
    to_everyone: "去「大家」",

    online: "在线",
    away: "离开",
    offline: "离线",

    connected: "已连接",
    connecting: "正在连接…",
    reconnecting: "正在重连…",
    disconnected: "网络已断开。",
    no_connection: "连不上服务器。",
    kept_here: "写的消息会留着，连上后自动发出。",
    waits_here: "恢复连接前，你写的消息就等在这个标签页里。",
    stores_nothing: "浏览器不让 Pond 保存内容，关掉这个标签页，没发出的消息就丢了。",
    next_try: |seconds| format!("{seconds} 秒后重试。"),
    trying_now: "正在重试…",
    retry_now: "立即重试",
    by_web_socket: "连接方式：WebSocket",
    by_event_stream: "连接方式：事件流，因为 WebSocket 没能连上",
    by_long_poll: "连接方式：长轮询，因为更快的方式没能连上",
    restored: "服务器恢复到了较早的备份。你此后发的消息会重新发送，别人发的可能缺失。",
    understood: "知道了",
    newer_app: "Pond 有新版本了，草稿会保留。",
    reload: "刷新",

    come_in: "进来坐坐",
    come_in_hint: "登录后就能聊。",
    come_in_demo_hint: "这是演示站：起个名字就能进，不用密码。",
    create_hint: "起个名字，马上开聊。",
    session_ended: "登录已失效。你写的内容都还在，重新登录即可继续。如果服务器恢复了较早的备份，其中没有你的账号，请重新注册。",
    name: "名字",
    name_hint: "别人看到的就是这个名字。",
    password: "密码",
    password_hint: |least_chars| format!("至少 {least_chars} 个字符。"),
    enter: "进入房间",
    entering: "正在进入…",
    create_account: "注册账号",
    creating_account: "正在注册…",
    new_here: "第一次来？",
    been_here: "已有账号？",
    sign_in_instead: "直接登录",
    name_missing: "请填写名字。",
    name_too_long: |limit| format!("名字最多 {limit} 个字符，换个短一点的吧。"),
    name_character: "名字里不能有 @、# 或不可见字符，去掉再试。",
    password_missing: "请填写密码。",
    password_too_short: |least_chars| format!("密码太容易被猜到，至少要 {least_chars} 个字符。"),
    password_too_long: "密码太长了，换个短一点的吧。",
    server_unreachable: "连不上服务器",
    server_unreachable_hint: "请检查网络。如果网络正常，可能是服务器暂时停了。",
    try_again: "重试",
    try_again_in: |seconds| format!("请 {seconds} 秒后再试。"),

    settings: "设置",
    language: "语言",
    theme: "外观",
    theme_system: "跟随系统",
    theme_light: "浅色",
    theme_dark: "深色",
    sign_out: "退出登录",
    sign_out_failed: "连不上服务器，所以还没有退出。请稍后再试。",

    messages: "消息",
    beginning_of: |room| format!("这里是 #{room} 的开头，打个招呼吧。"),
    beginning_with: |name| format!("你和 {name} 的聊天从这里开始，只有你们俩能看到。"),
    new_messages: "新消息",
    new_since: |count, time| format!("{time} 起有 {count} 条新消息"),
    new_above: |count| format!("{} 条新消息", counted(count)),
    newest: "最新消息",
    new_below: |count| format!("{count} 条新消息"),
    mark_read: "标为已读",
    row_label: |name, time, text, state| match state {
        None => format!("{name}，{time}，{text}"),
        Some(state) => format!("{name}，{time}，{text}，{state}"),
    },
    sending: "发送中…",
    waiting: "等待连接…",
    sent: "已发送",
    delivered: "已送达",
    seen: "已读",
    not_sent: "发送失败。",
    retry: "重发",
    copy: "复制",
    copied: "已复制",
    delete: "删除",
    write_to: |name| format!("发消息给 {name}"),

    write_in: |room| format!("发消息到 #{room}"),
    send: "发送",
    bytes_used: |size, limit| format!("已用 {size} / {limit} 字节"),
    text_too_long: |size, limit| {
        format!("太长了，发不出去：{size} / {limit} 字节。请删短一些，或分几条发。")
    },
    text_has_nul: "里面有无法发送的字符，请重新输入。",
    typing_one: |name| format!("{name} 正在输入…"),
    typing_two: |one, other| format!("{one} 和 {other} 正在输入…"),
    typing_several: "好几个人正在输入…",

    picker: "查找或私聊",
    picker_input: "搜索联系人和房间",
    private_message: "私聊",
    room: "房间",
    you: "（我）",
    searching: "搜索中…",
    nobody_matches: |query| format!("没有找到「{query}」。看看有没有写错，或者先请对方加入。"),
    no_room_matches: |query| format!("没有叫「{query}」的房间。去掉 # 可以找人。"),
    hint_choose: "选择",
    hint_open: "打开",
    hint_close: "关闭",

    says: |name, text| format!("{name}：{text}"),
    and_more: |count| format!("还有 {count} 条"),

    today: "今天",
    yesterday: "昨天",

    error,
};

fn error(code: Code) -> &'static str {
    match code {
        Code::Success => "完成。",
        Code::BadFrame | Code::UnknownType => {
            "服务器不认识这个版本的应用。内容都还在，刷新页面即可。"
        }
        Code::NotSignedIn | Code::BadToken => "登录已失效。你写的内容都还在，重新登录即可继续。",
        Code::BadPassword => "名字或密码不对。检查一下，没有账号就先注册。",
        Code::NotMember => "你不在这个会话里，消息没有发出。可以复制下来发到别处。",
        Code::ForeignOrigin => "服务器不认这个网址。请从搭建时设定的网址打开 Pond。",
        Code::NoSuchUser => "没有叫这个名字的人，看看有没有写错。",
        Code::NotFound => "服务器不认识这个请求，可能比应用旧。刷新页面试试。",
        Code::NameTaken => "名字已被占用。换一个，如果就是你，请直接登录。",
        Code::MsgIdReused => "这条消息和另一条弄混了，没有发出。请复制下来重新发送。",
        Code::TooLong => "消息太长，发不出去。请删短一些，或分几条发。",
        Code::BadText => "消息里没有可读的内容。写点什么再发吧。",
        Code::BadName => "这个名字不能用，请去掉 @、# 和不可见字符。",
        Code::WeakPassword => "密码太短或太长，换一个吧。",
        Code::TooFast => "操作太频繁了。",
        Code::Unavailable => "服务器暂时处理不了。内容都还在，稍后再试。",
        Code::StorageFull => {
            "服务器磁盘满了。你写的会留在这里，有空间后自动发出。请告诉服务器的管理员。"
        }
        Code::Other(_) => "出了点这个版本还不认识的问题。内容都还在，刷新页面试试。",
    }
}
